"""The same transform by what people use for pictures, one JSON line each: time, and how many bytes differ.

    python3 peers.py WIDTH HEIGHT INPUT EXPECTED [--threads 1,2] [--repeat N] [--only TEXTS]

INPUT and EXPECTED are files of raw RGBA without padding; the border of EXPECTED is 0. A peer that cannot run is a line
{"program", "missing"}; any other line is {"program", "threads", "nsPerPixel": {median, least, most}, "repetitions",
"firstMs", "differingShare", "crop", "device"}: firstMs is the first call, which compiles where the peer does so; crop is the
size of the part that was done, where the whole takes too long; device says where the time of a GPU goes. Rounds are
interleaved: every peer once, then again.

With --serve another program sets the order: bench/in-turn.mjs. The first line then is an array of {"program", "threads",
"differingShare"}, and each line of the standard input the index of one, answered by the nanoseconds a pixel of one call.
"""
import argparse
import json
import statistics
import sys
import time

import gpu_programs
import programs
from programs import Missing

PEERS = [*programs.PEERS, *gpu_programs.PEERS]

# A peer that takes long gets fewer repetitions, but never fewer than LEAST_REPETITIONS.
BUDGET_S = 1.5
LEAST_REPETITIONS = 3
WARMED_S = 0.1


def differing_share(output, expected):
    """Among the bytes that were written: a crop's border is not."""
    height, width = output.shape[:2]
    inner = (slice(1, height - 1), slice(1, width - 1))
    return float(programs.np.mean(output[inner] != expected[inner]))


def elapsed_s(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


class Contender:
    def __init__(self, name, prepare, threads, source, expected):
        self.name, self.threads, self.times = name, threads, []
        self.run, output = prepare(source, threads)
        self.size = output.shape[1::-1]
        self.is_crop = output.shape != source.shape
        self.first_s = elapsed_s(self.run)
        self.differing_share = differing_share(output, expected)

    def is_due(self):
        return len(self.times) < LEAST_REPETITIONS or sum(self.times) < BUDGET_S

    def measure(self):
        # What the peer before left in the caches is not this one's: one call that counts for nothing, then the one.
        if (self.times or [self.first_s])[-1] < WARMED_S:
            self.run()
        self.times.append(elapsed_s(self.run))

    def ns_per_pixel(self, seconds):
        return seconds * 1e9 / (self.size[0] * self.size[1])

    def line(self):
        values = [self.ns_per_pixel(value) for value in self.times]
        spread = {"median": statistics.median(values), "least": min(values), "most": max(values)}
        crop = {"crop": f"{self.size[0]}x{self.size[1]}"} if self.is_crop else {}
        device_times = getattr(self.run, "device_times", None)
        device = {"device": device_times()} if device_times else {}
        return {
            "program": self.name,
            "threads": self.threads,
            "nsPerPixel": spread,
            "repetitions": len(values),
            "firstMs": self.first_s * 1e3,
            "differingShare": self.differing_share,
            **crop,
            **device,
        }


def contenders(arguments, source, expected):
    counts = sorted({int(count) for count in arguments.threads.split(",")})
    for peer in PEERS:
        if not any(text in peer.name for text in arguments.only.split(",")):
            continue
        try:
            for threads in counts if peer.has_threads else [1]:
                yield Contender(peer.name, peer.prepare, threads, source, expected)
        except Missing as reason:
            print(json.dumps({"program": peer.name, "missing": str(reason)}), flush=True)
        except Exception as error:
            print(json.dumps({"program": peer.name, "missing": f"it fails: {error}".splitlines()[0]}), flush=True)


def serve(ready):
    names = [{"program": each.name, "threads": each.threads, "differingShare": each.differing_share} for each in ready]
    print(json.dumps(names), flush=True)
    for line in sys.stdin:
        contender = ready[int(line)]
        contender.measure()
        print(contender.ns_per_pixel(contender.times[-1]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("input")
    parser.add_argument("expected")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--only", default="", help="only peers whose name contains one of these")
    parser.add_argument("--serve", action="store_true", help="measure what the standard input asks for")
    arguments = parser.parse_args()
    try:
        np = programs.load_numpy()
    except Missing as reason:
        for peer in PEERS:
            print(json.dumps({"program": peer.name, "missing": str(reason)}))
        if arguments.serve:
            serve([])
        return
    shape = (arguments.height, arguments.width, 4)
    source, expected = (np.fromfile(path, np.uint8).reshape(shape) for path in (arguments.input, arguments.expected))
    ready = list(contenders(arguments, source, expected))
    if arguments.serve:
        serve(ready)
        return
    for _ in range(arguments.repeat):
        for contender in ready:
            if contender.is_due():
                contender.measure()
    for contender in ready:
        print(json.dumps(contender.line()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
