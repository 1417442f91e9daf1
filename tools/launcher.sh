#!/bin/sh
# Runs the neighbor-product of this archive with the Node beside it. Needs nothing but a shell, and readlink where it is
# started through a symbolic link. A library that the system has is used from there, since its drivers may need a newer one.
set -eu

case $0 in
  */*) self=$0 ;;
  *) self=./$0 ;;
esac
while [ -L "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=${self%/*}/$target ;;
  esac
done
root=$(CDPATH='' cd -P "${self%/*}/" && pwd)

if [ ! -e /lib64/ld-linux-x86-64.so.2 ]; then
  printf '%s\n' 'error: Expected a Linux with glibc on x64, but there is no /lib64/ld-linux-x86-64.so.2.' \
    'Install Node 20 or later, and with it the npm package neighbor-product.' >&2
  exit 4
fi

# Where the system's libraries are, as a list with colons.
folders=/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:${LD_LIBRARY_PATH-}
for file in /etc/ld.so.conf.d/*.conf; do
  [ -r "$file" ] || continue
  while read -r line || [ -n "$line" ]; do
    case $line in
      *i[3-6]86* | *lib32*) ;; # of another architecture
      /*) folders=$folders:$line ;;
    esac
  done <"$file"
done

# In a subshell, which keeps its variables to itself.
has() (
  IFS=:
  for folder in $folders; do
    if [ -e "$folder/$1" ]; then exit 0; fi
  done
  exit 1
)

for folder in "$root"/lib/shared/*; do
  if has "${folder##*/}"; then continue; fi
  LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
  export LD_LIBRARY_PATH
done

exec "$root/lib/node" "$root/lib/node_modules/.bin/neighbor-product" "$@"
