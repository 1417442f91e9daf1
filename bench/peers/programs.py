"""The transform by what people use for pictures. Each `prepare(source, threads)` takes a NumPy array of RGBA and gives a
function that transforms it and the array it writes to, whose border stays 0; it throws Missing where it cannot run.
Call load_numpy first.
"""
import ctypes
import importlib
import os
import shutil
import tempfile
from typing import Callable, NamedTuple

HERE = os.path.dirname(os.path.abspath(__file__))
CROP = (64, 48)
# Whether Numba may find what an earlier process has compiled.
CACHED = "NUMBA_CACHE_DIR" in os.environ
# In single precision samples are divided by 16, not by 255: squares of products of nine then stay within 2^-72 to 2^72.
SINGLE_SCALE = 1 / 16


class Missing(Exception):
    """Why a peer cannot run here."""


def require(module):
    try:
        return importlib.import_module(module)
    except Exception as error:
        raise Missing(f"{module} does not load: {error}".splitlines()[0]) from error


np = None


def load_numpy():
    global np
    np = require("numpy")
    return np


def windows(plane):
    """The nine neighbours of every inner pixel, in reading order."""
    height, width = plane.shape[:2]
    return [plane[y : height - 2 + y, x : width - 2 + x] for y in range(3) for x in range(3)]


def python_loop(source, _threads):
    """As the original article did it: Python over a NumPy array, pixel by pixel."""
    width, height = CROP
    part = source[:height, :width]
    output = np.zeros_like(part)

    def run():
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                product = np.prod(part[y - 1 : y + 2, x - 1 : x + 2, :3].reshape(9, 3) / 255.0, axis=0)
                norm = np.sqrt((product * product).sum())
                output[y, x, :3] = 0 if norm == 0 else np.minimum(product / norm, 1) * 255
                output[y, x, 3] = 255

    return run, output


def write_normalised(product, squares, share, output):
    """Steps 2 to 4 of the definition for whole arrays. Overwrites squares, their sum, and share, which is scratch."""
    norm = np.sqrt(squares, out=squares)
    norm[norm == 0] = 1
    for c in range(3):
        np.divide(product[c], norm, out=share)
        np.minimum(share, 1, out=share)
        np.multiply(share, 255, out=share)
        output[1:-1, 1:-1, c] = share
    output[1:-1, 1:-1, 3] = 255


def numpy_binary64(source, _threads):
    """Whole arrays, the nine factors in the order of the definition."""
    output = np.zeros_like(source)
    quotient = np.arange(256) / 255.0
    planes = np.empty((3,) + source.shape[:2])
    inner = (source.shape[0] - 2, source.shape[1] - 2)
    product, square, norm = np.empty((3,) + inner), np.empty(inner), np.empty(inner)

    def run():
        for c in range(3):
            np.take(quotient, source[..., c], out=planes[c])
            first, *rest = windows(planes[c])
            np.copyto(product[c], first)
            for factor in rest:
                np.multiply(product[c], factor, out=product[c])
        norm[...] = 0
        for c in range(3):
            np.multiply(product[c], product[c], out=square)
            np.add(norm, square, out=norm)
        write_normalised(product, norm, square, output)

    return run, output


def numpy_single(source, _threads):
    """Whole arrays in single precision, products of three in a row shared by three windows."""
    output = np.zeros_like(source)
    height, width = source.shape[:2]
    plane, across = np.empty((height, width), np.float32), np.empty((height, width - 2), np.float32)
    product = np.empty((3, height - 2, width - 2), np.float32)
    square, norm = np.empty_like(product[0]), np.empty_like(product[0])

    def run():
        norm[...] = 0
        for c in range(3):
            np.multiply(source[..., c], np.float32(SINGLE_SCALE), out=plane)
            np.multiply(plane[:, :-2], plane[:, 1:-1], out=across)
            np.multiply(across, plane[:, 2:], out=across)
            np.multiply(across[:-2], across[1:-1], out=product[c])
            np.multiply(product[c], across[2:], out=product[c])
            np.multiply(product[c], product[c], out=square)
            np.add(norm, square, out=norm)
        write_normalised(product, norm, square, output)

    return run, output


def numba_binary64(source, threads):
    numba = require("numba")
    output = np.zeros_like(source)
    quotient = np.arange(256) / 255.0

    @numba.njit(cache=CACHED, parallel=True, error_model="numpy")
    def transform(source, output, quotient):
        for y in numba.prange(1, source.shape[0] - 1):
            for x in range(1, source.shape[1] - 1):
                red, green, blue = 1.0, 1.0, 1.0
                for j in range(-1, 2):
                    for i in range(-1, 2):
                        red *= quotient[source[y + j, x + i, 0]]
                        green *= quotient[source[y + j, x + i, 1]]
                        blue *= quotient[source[y + j, x + i, 2]]
                squares = red * red + green * green + blue * blue
                product = (red, green, blue)
                norm = np.sqrt(squares)
                for c in range(3):
                    output[y, x, c] = 0 if norm == 0 else np.uint8(min(product[c] / norm, 1.0) * 255)
                output[y, x, 3] = 255

    def run():
        numba.set_num_threads(threads)
        transform(source, output, quotient)

    return run, output


def numba_single(source, threads):
    """Single precision, products of three in a row shared, fastmath."""
    numba = require("numba")
    output = np.zeros_like(source)
    scale = np.float32(SINGLE_SCALE)
    one, top, none = np.float32(1), np.float32(255), np.float32(0)

    # One function, not two: Numba cannot find again what calls a function made here.
    @numba.njit(cache=CACHED, parallel=True, fastmath=True, error_model="numpy")
    def transform(source, output):
        height, width = source.shape[:2]
        for strip in numba.prange((height - 2 + 15) // 16):
            begin = 1 + strip * 16
            rows = np.empty((3, 3, width), np.float32)
            for y in range(begin - 1, min(begin + 16, height - 1) + 1):
                line, below = source[y], rows[y % 3]
                for x in range(1, width - 1):
                    for c in range(3):
                        left, middle, right = np.float32(line[x - 1, c]), np.float32(line[x, c]), np.float32(line[x + 1, c])
                        below[c, x] = (left * scale) * (middle * scale) * (right * scale)
                if y <= begin:
                    continue
                above, here = rows[(y - 2) % 3], rows[(y - 1) % 3]
                for x in range(1, width - 1):
                    red = above[0, x] * here[0, x] * below[0, x]
                    green = above[1, x] * here[1, x] * below[1, x]
                    blue = above[2, x] * here[2, x] * below[2, x]
                    squares = red * red + green * green + blue * blue
                    factor = none if squares == none else one / np.sqrt(squares)
                    output[y - 1, x, 0] = np.uint8(min(red * factor, one) * top)
                    output[y - 1, x, 1] = np.uint8(min(green * factor, one) * top)
                    output[y - 1, x, 2] = np.uint8(min(blue * factor, one) * top)
                    output[y - 1, x, 3] = 255

    def run():
        numba.set_num_threads(threads)
        transform(source, output)

    return run, output


def opencv_single(source, threads):
    """OpenCV's arithmetic on whole arrays in single precision, products of three in a row shared."""
    cv2 = require("cv2")
    output = np.zeros_like(source)
    height, width = source.shape[:2]
    scaled = np.empty((height, width, 3), np.float32)
    across = np.empty((height, width - 2, 3), np.float32)
    product = np.empty((height - 2, width - 2, 3), np.float32)
    squares, norm = np.empty_like(product), np.empty(product.shape[:2], np.float32)
    norms, samples = np.empty_like(product), np.empty(product.shape, np.uint8)

    def run():
        cv2.setNumThreads(threads)
        cv2.multiply(source[..., :3], (SINGLE_SCALE,) * 4, dst=scaled, dtype=cv2.CV_32F)
        cv2.multiply(scaled[:, :-2], scaled[:, 1:-1], dst=across)
        cv2.multiply(across, scaled[:, 2:], dst=across)
        cv2.multiply(across[:-2], across[1:-1], dst=product)
        cv2.multiply(product, across[2:], dst=product)
        cv2.multiply(product, product, dst=squares)
        cv2.transform(squares, np.ones((1, 3), np.float32), dst=norm)
        cv2.sqrt(norm, dst=norm)
        cv2.max(norm, 1e-30, dst=norm)
        cv2.merge((norm, norm, norm), dst=norms)
        # OpenCV rounds to the nearest: half a step less makes that the whole part, and 255.5 of an even 255 is cut off.
        cv2.divide(product, norms, dst=product, scale=255)
        cv2.subtract(product, (0.5,) * 4, dst=product)
        cv2.convertScaleAbs(cv2.max(product, 0.0, dst=product), dst=samples)
        output[1:-1, 1:-1, :3] = samples
        output[1:-1, 1:-1, 3] = 255

    return run, output


def pillow_single(source, _threads):
    """Pillow's ImageMath, which computes in single precision; it has no way to write into memory given to it."""
    Image, math = require("PIL.Image"), require("PIL.ImageMath")
    output = np.zeros_like(source)
    height, width = source.shape[:2]
    picture = Image.fromarray(source, "RGBA")
    opaque = Image.new("L", (width - 2, height - 2), 255)
    evaluate = getattr(math, "unsafe_eval", None) or math.eval

    def columns(x, picture):
        return picture.crop((x, 0, x + width - 2, height))

    def rows(y, picture):
        return picture.crop((0, y, width - 2, y + height - 2))

    def product(plane):
        scaled = evaluate("float(a) * scale", a=plane, scale=SINGLE_SCALE)
        across = evaluate("a * b * c", **{name: columns(x, scaled) for x, name in enumerate("abc")})
        return evaluate("a * b * c", **{name: rows(y, across) for y, name in enumerate("abc")})

    def run():
        channels = dict(zip("rgb", map(product, picture.split()[:3])))
        norm = evaluate("max((r * r + g * g + b * b) ** 0.5, 1e-30)", **channels)
        planes = [
            evaluate("convert(min(int(v / n * 255), 255), 'L')", v=channel, n=norm) for channel in channels.values()
        ]
        output[1:-1, 1:-1] = np.asarray(Image.merge("RGBA", (*planes, opaque)))

    return run, output


def halide_single(source, threads):
    """
    Halide, compiled for this processor: whole rows of products of three above one another, then products of three of
    those, in vectors. The inverse square root is the processor's estimate, of 12 bits on x86.
    """
    hl = require("halide")
    output = np.zeros_like(source)
    height, width = source.shape[0] - 2, source.shape[1] - 2
    x, y, band, row = map(hl.Var, ("x", "y", "band", "row"))
    words = hl.ImageParam(hl.UInt(32), 2)

    def sample(c, y):
        # By way of a signed number: processors convert no unsigned ones before AVX-512.
        return hl.cast(hl.Float(32), hl.cast(hl.Int(32), (words[x, y] >> 8 * c) & 255))

    columns, result = hl.Func("columns"), hl.Func("result")
    columns[x, y] = tuple(sample(c, y - 1) * sample(c, y) * (sample(c, y + 1) * SINGLE_SCALE**3) for c in range(3))
    product = [columns[x - 1, y][c] * columns[x, y][c] * columns[x + 1, y][c] for c in range(3)]
    squares = product[0] * product[0] + product[1] * product[1] + product[2] * product[2]
    # The least sum of squares above 0 is 2^-72.
    factor = 255 * hl.fast_inverse_sqrt(hl.max(squares, 2.0**-80))
    word = hl.u32(255 << 24)
    for c in range(3):
        share = hl.min(product[c] * factor, hl.f32(255))
        word |= hl.cast(hl.UInt(32), hl.cast(hl.Int(32), share)) << 8 * c
    result[x, y] = word

    target = hl.get_host_target()
    # Two registers in flight; an image that is narrower than them or lower than a band is computed without.
    lanes = 2 * target.natural_vector_size(hl.Float(32))
    lanes, rows = lanes if lanes <= width else 1, min(16, height)
    result.split(y, band, row, rows).vectorize(x, lanes)
    columns.compute_at(result, row).vectorize(x, lanes)
    if threads > 1:
        # Halide's pool has a thread for each core, and no number to set: fewer threads get one piece each.
        bands = -(-height // rows)
        result.parallel(band, 1 if threads >= os.cpu_count() else -(-bands // threads))

    def plane(samples):
        array = samples.view(np.uint32)[..., 0]
        buffer = hl.Buffer(array)
        # Since version 16 Halide puts x first by itself.
        return buffer if buffer.dim(0).stride() == 1 else hl.Buffer(array.T)

    inner = plane(output[1:-1, 1:-1])
    inner.set_min([1, 1])
    words.set(plane(source))
    result.compile_jit(target)
    return lambda: result.realize(inner), output


def compiled(flags):
    def prepare(source, threads):
        if flags not in LOADED:
            with tempfile.TemporaryDirectory() as folder:
                LOADED[flags] = plain_loop(compile_plain_loop(flags, folder))
        return LOADED[flags](source, threads)

    return prepare


LOADED = {}


def plain_loop(library):
    """A library that compile_plain_loop has made, as a program to prepare."""
    transform = ctypes.CDLL(library).plain_loop
    transform.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_ssize_t, ctypes.c_int]
    transform.restype = None

    def prepare(source, threads):
        output = np.zeros_like(source)
        height, width = source.shape[:2]

        def run():
            transform(source.ctypes.data, output.ctypes.data, width, height, threads)

        return run, output

    return prepare


def compile_plain_loop(flags, folder):
    """Makes a library of plain_loop.cc in the folder and gives its path."""
    compiler = next(filter(None, map(shutil.which, [os.environ.get("CXX", "c++"), "c++", "g++", "clang++"])), None)
    if compiler is None:
        raise Missing("no C++ compiler is on the path")
    code, library = os.path.join(folder, "plain_loop.o"), os.path.join(folder, "plain_loop.so")
    run_compiler([compiler, *flags.split(), "-fopenmp", "-fPIC", "-c", os.path.join(HERE, "plain_loop.cc"), "-o", code])
    # Linked without the flags: -Ofast would bring a start-up that flushes subnormal numbers in all of this process.
    run_compiler([compiler, "-fopenmp", "-shared", code, "-o", library])
    return library


def run_compiler(words):
    import subprocess  # Here: whole_run.py shall not wait for it.

    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{words[0]} does not compile it: {(done.stderr.strip() or 'no word').splitlines()[0]}")


class Peer(NamedTuple):
    name: str
    prepare: Callable
    # Whether it can be told how many threads to use.
    has_threads: bool = False
    # Whether bench/whole-runs.mjs runs it, too.
    has_whole_run: bool = False
    # Of the compiler, for the C++ double loop.
    flags: str = ""


def double_loop(name, flags, **fields):
    return Peer(name, compiled(flags), has_threads=True, flags=flags, **fields)


PEERS = [
    double_loop("C++ double loop -O3", "-O3 -march=native -ffp-contract=off"),
    double_loop("C++ double loop -Ofast", "-Ofast -march=native", has_whole_run=True),
    Peer("Python loop over NumPy pixels", python_loop),
    Peer("NumPy float64 whole array", numpy_binary64),
    Peer("NumPy float32 shared rows", numpy_single, has_whole_run=True),
    Peer("Numba float64 loop", numba_binary64, has_threads=True),
    Peer("Numba float32 fastmath", numba_single, has_threads=True, has_whole_run=True),
    Peer("OpenCV float32 shared rows", opencv_single, has_threads=True, has_whole_run=True),
    Peer("Halide float32 estimated root", halide_single, has_threads=True),
    Peer("Pillow ImageMath float32", pillow_single),
]
