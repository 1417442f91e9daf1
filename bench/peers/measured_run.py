"""Runs a program and prints what the system counted for it, as JSON: python3 measured_run.py PROGRAM ARGUMENT...

A process of its own, and a small one: the system counts the memory of the process that starts a program as that
program's, until it runs. What the program prints is dropped, its errors are not. Linux and macOS.
"""
import json
import os
import sys
import time

# ru_maxrss is in KiB, on macOS in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024


def main(words):
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1)]
    begin = time.perf_counter()
    try:
        child = os.posix_spawnp(words[0], words, os.environ, file_actions=nowhere)
    except OSError as error:
        sys.exit(f"{words[0]} does not start: {error.strerror}")
    _, status, usage = os.wait4(child, 0)
    measured = {
        "wallMs": (time.perf_counter() - begin) * 1e3,
        "processorMs": (usage.ru_utime + usage.ru_stime) * 1e3,
        "peakMb": usage.ru_maxrss * PEAK_UNIT / 1e6,
        "exitCode": os.waitstatus_to_exitcode(status),
    }
    print(json.dumps(measured))


main(sys.argv[1:])
