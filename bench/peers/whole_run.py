"""One run of a peer from start to exit, as short as its user would write it.

    python3 whole_run.py NAME THREADS INPUT OUTPUT [LIBRARY]

Pillow opens INPUT, the program of that NAME transforms, Pillow saves OUTPUT with its defaults. LIBRARY is that of the
C++ double loop.

    python3 whole_run.py --list FOLDER

Prints as JSON which peers there are, for bench/whole-runs.mjs: a name and a LIBRARY, compiled into FOLDER, or why it is
missing; and the versions of Python and its packages.
"""
import sys

import programs


def main(name, threads, source, target, *library):
    np = programs.load_numpy()
    image = programs.require("PIL.Image")
    named = {peer.name: peer.prepare for peer in programs.PEERS}
    prepare = programs.plain_loop(*library) if library else named[name]
    run, output = prepare(np.array(image.open(source).convert("RGBA")), int(threads))
    run()
    image.fromarray(output).save(target)


def list_peers(folder):
    import json  # Here: a run shall not wait for it.
    import platform

    peers = []
    for peer in programs.PEERS:
        if not peer.has_whole_run:
            continue
        try:
            library = [programs.compile_plain_loop(peer.flags, folder)] if peer.flags else []
            peers.append({"name": peer.name, "library": library})
        except programs.Missing as reason:
            peers.append({"name": peer.name, "missing": str(reason)})
    print(json.dumps({"versions": {"Python": platform.python_version(), **versions()}, "peers": peers}))


def versions():
    found = {}
    for name, module in [("NumPy", "numpy"), ("Pillow", "PIL")]:
        try:
            found[name] = programs.require(module).__version__
        except programs.Missing:
            pass
    return found


try:
    if sys.argv[1] == "--list":
        list_peers(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
except programs.Missing as reason:
    sys.exit(str(reason))
