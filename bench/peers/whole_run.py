"""One run of a peer from start to exit, as short as its user would write it.

python3 whole_run.py NAME THREADS INPUT OUTPUT [LIBRARY]

Pillow opens INPUT, the program of that NAME transforms, Pillow saves OUTPUT with its defaults. LIBRARY is that of the
C++ double loop.
"""
import sys

import programs


def main(name, threads, source, target, *library):
    np = programs.load_numpy()
    image = programs.require("PIL.Image")
    prepare = programs.plain_loop(*library) if library else {name: prepare for name, prepare, _ in programs.PEERS}[name]
    run, output = prepare(np.array(image.open(source).convert("RGBA")), int(threads))
    run()
    image.fromarray(output).save(target)


try:
    main(*sys.argv[1:])
except programs.Missing as reason:
    sys.exit(str(reason))
