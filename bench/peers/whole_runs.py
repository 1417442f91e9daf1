"""Whole runs, a PNG file to a PNG file, from the start of a process to its exit: neighbor-product beside its peers.

    python3 whole_runs.py [--rounds 15,5] [--json FILE]

On fixtures/watermelon-pizza.png and on the same, enlarged to 3840x2160, with grain. Rounds are interleaved, the first
counts for nothing. Every program gets the picture as a file and writes one; the peers read and write by Pillow with its
defaults. What they write is compared with NumPy's binary64. Prints a table. Exit code 1: neighbor-product's is not it.
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import programs

ROOT = os.path.dirname(os.path.dirname(programs.HERE))
FIXTURE = os.path.join(ROOT, "fixtures/watermelon-pizza.png")
COMMAND = os.path.join(ROOT, "dist/cli/neighbor-product.cjs")
OURS = "neighbor-product --backend cpu"
YARDSTICK = "C++ double loop -Ofast, Pillow"
PEERS = ["NumPy float32 shared rows", "Numba float32 fastmath", "OpenCV float32 shared rows"]
THREADS = str(os.cpu_count())
# What a workplace sets for every Node or Python is not the programs' time: NODE_EXTRA_CA_CERTS costs Node 20 60 ms.
FOREIGN = ("NODE_", "PYTHON", "NEIGHBOR_PRODUCT_")


class Program:
    """Words to start, in which IN and OUT stand for the files. A floor writes none."""

    def __init__(self, name, *words):
        self.name, self.words, self.times, self.processor = name, words, [], []
        self.missing = None

    def run(self, source, target, environment):
        if self.missing:
            return
        words = [{"IN": source, "OUT": target}.get(word, word) for word in self.words]
        begin = time.perf_counter()
        before = processor_s()
        try:
            subprocess.run(words, check=True, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except OSError as error:
            self.missing = f"{words[0]} does not start: {error.strerror}"
        except subprocess.CalledProcessError as error:
            self.missing = (error.stderr.strip() or f"exit code {error.returncode}").splitlines()[-1]
        self.times.append((time.perf_counter() - begin) * 1e3)
        self.processor.append((processor_s() - before) * 1e3)

    def row(self, target, expected):
        if self.missing:
            return {"program": self.name, "missing": self.missing}
        times, processor = self.times[1:], self.processor[1:]
        row = {
            "program": self.name,
            "wallMs": {"median": statistics.median(times), "least": min(times), "most": max(times)},
            "processorMs": statistics.median(processor),
            "rounds": len(times),
        }
        if "OUT" in self.words:
            row["fileBytes"] = os.path.getsize(target)
            row["differingShare"] = float((read_rgba(target) != expected).mean())
        return row


def processor_s():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def list_programs(folder):
    python = sys.executable
    peer = [python, os.path.join(programs.HERE, "whole_run.py")]
    yield Program(OURS, "node", COMMAND, "IN", "-o", "OUT", "--backend", "cpu", "-q")
    yardstick = Program(YARDSTICK)
    try:
        library = programs.compile_plain_loop("-Ofast -march=native", folder)
        yardstick.words = (*peer, YARDSTICK, THREADS, "IN", "OUT", library)
    except programs.Missing as reason:
        yardstick.missing = str(reason)
    yield yardstick
    for name in PEERS:
        yield Program(f"{name}, Pillow", *peer, name, THREADS, "IN", "OUT")
    yield Program("node -e 0", "node", "-e", "0")
    yield Program("python3 -c 'import PIL.Image'", python, "-c", "import PIL.Image")


def measure(source, rounds, folder):
    pixels = read_rgba(source)
    transform, expected = programs.numpy_binary64(pixels, 1)
    transform()
    # Numba keeps here what the round that does not count has compiled.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment["NUMBA_CACHE_DIR"] = os.path.join(folder, "numba")
    contenders = list(list_programs(folder))
    targets = [os.path.join(folder, f"{index}.png") for index in range(len(contenders))]
    for _ in range(1 + rounds):
        for program, target in zip(contenders, targets):
            program.run(source, target, environment)
    rows = [program.row(target, expected) for program, target in zip(contenders, targets)]
    return {"width": pixels.shape[1], "height": pixels.shape[0], "threads": int(THREADS), "rows": rows}


def read_rgba(path):
    return programs.np.array(programs.require("PIL.Image").open(path).convert("RGBA"))


def write_enlarged(target, width, height):
    """With grain, for a picture that is only enlarged is smoother than any photograph."""
    np, image = programs.np, programs.require("PIL.Image")
    smooth = image.open(FIXTURE).convert("RGB").resize((width, height), image.BICUBIC)
    grain = np.random.default_rng(1).integers(-2, 3, (height, width, 3))
    image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).convert("RGBA").save(target, compress_level=1)


def describe_machine():
    cpu = next((line.split(":")[1].strip() for line in read_lines("/proc/cpuinfo") if "model name" in line), "unknown")
    return {
        "processor": f"{cpu}, {THREADS} cores",
        "system": platform.platform(),
        "node": subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip(),
        "python": platform.python_version(),
        "numpy": programs.np.__version__,
        "pillow": programs.require("PIL").__version__,
    }


def read_lines(path):
    try:
        with open(path, encoding="utf8") as file:
            return file.readlines()
    except OSError:
        return []


def table(case):
    """Markdown, like the tables of the bench command."""
    lines = [
        f"{case['width']}x{case['height']}, {case['threads']} threads",
        "",
        "| program | ms | least to most | times C++ with Pillow | processor ms | MB | bytes that differ |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    yard = next((row["wallMs"]["median"] for row in case["rows"] if row["program"] == YARDSTICK and "wallMs" in row), None)
    for row in case["rows"]:
        if "missing" in row:
            lines.append(f"| {row['program']} | not measured: {row['missing']} | | | | | |")
            continue
        wall = row["wallMs"]
        times = "" if yard is None else f"{wall['median'] / yard:.2f}"
        size = f"{row['fileBytes'] / 1e6:.2f}" if "fileBytes" in row else ""
        share = row.get("differingShare")
        differing = "" if share is None else "0" if share == 0 else f"{share * 100:.4f} %"
        spread = f"{wall['least']:.0f} to {wall['most']:.0f}"
        lines.append(
            f"| {row['program']} | {wall['median']:.0f} | {spread} | {times} | {row['processorMs']:.0f} | {size} | {differing} |"
        )
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", default="15,5", help="of the half megapixel, of 4K (default: 15,5)")
    parser.add_argument("--json", metavar="FILE", help="write all numbers there")
    arguments = parser.parse_args()
    programs.load_numpy()
    report = {
        "date": time.strftime("%Y-%m-%d"),
        "command": " ".join(["whole_runs.py", *sys.argv[1:]]),
        "machine": describe_machine(),
        "loadBefore": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as folder:
        large = os.path.join(folder, "4k.png")
        write_enlarged(large, 3840, 2160)
        rounds = [int(count) for count in arguments.rounds.split(",")]
        report["cases"] = [measure(source, count, folder) for source, count in zip([FIXTURE, large], rounds)]
    report["loadAfter"] = os.getloadavg()[0]
    print("\n\n".join(map(table, report["cases"])))
    machine = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    print(f"\n{report['date']}, {machine}, load {report['loadBefore']:.1f} before and {report['loadAfter']:.1f} after")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf8") as file:
            json.dump(report, file, indent=2)
            file.write("\n")
    ours = [row for case in report["cases"] for row in case["rows"] if row["program"] == OURS]
    return 0 if all(row.get("differingShare") == 0 for row in ours) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except programs.Missing as reason:
        sys.exit(f"NumPy and Pillow are needed: {reason}")
