"""The transform on an NVIDIA GPU by what people use for pictures there: CuPy, PyTorch, Triton. As in programs.py; a run takes the image from memory of the host and writes the result there. A run's `device_times()` says where
the time goes, in milliseconds, like the DeviceTimes of src/bench/result.ts.
"""
import statistics
import time

import programs

REPETITIONS = 5
# One kernel is as short as what it takes to start it, and a GPU that was idle needs time to reach its clock rate: so many
# calls are timed together as take this long, as in src/bench/device-times.ts.
MEASURED_MS = 100
MOST_CALLS = 1000

# What one would write first in CUDA C++; binary64 in the order of the definition.
CUDA_CODE = r"""
#define INNER_PIXEL                                                  \
  const int x = blockIdx.x * blockDim.x + threadIdx.x + 1;           \
  const int y = blockIdx.y * blockDim.y + threadIdx.y + 1;           \
  if (x >= width - 1 || y >= height - 1) return;

extern "C" __global__ void single(const uchar4* source, uchar4* output, int width, int height, float scale) {
  INNER_PIXEL
  float red = 1, green = 1, blue = 1;
  for (int j = -1; j <= 1; j++) {
    for (int i = -1; i <= 1; i++) {
      const uchar4 pixel = source[(y + j) * width + x + i];
      red *= pixel.x * scale;
      green *= pixel.y * scale;
      blue *= pixel.z * scale;
    }
  }
  const float squares = red * red + green * green + blue * blue;
  const float factor = squares == 0 ? 0 : 255 * rsqrtf(squares);
  output[y * width + x] = make_uchar4(fminf(red * factor, 255), fminf(green * factor, 255), fminf(blue * factor, 255), 255);
}

extern "C" __global__ void binary64(const uchar4* source, uchar4* output, int width, int height, const double* quotient) {
  INNER_PIXEL
  double red = 1, green = 1, blue = 1;
  for (int j = -1; j <= 1; j++) {
    for (int i = -1; i <= 1; i++) {
      const uchar4 pixel = source[(y + j) * width + x + i];
      red *= quotient[pixel.x];
      green *= quotient[pixel.y];
      blue *= quotient[pixel.z];
    }
  }
  const double norm = sqrt(red * red + green * green + blue * blue);
  const double divisor = norm == 0 ? 1 : norm;
  output[y * width + x] = make_uchar4(fmin(red / divisor, 1.0) * 255, fmin(green / divisor, 1.0) * 255,
                                      fmin(blue / divisor, 1.0) * 255, 255);
}
"""


def cupy_kernel(name, *options):
    def prepare(source, _threads):
        cupy = programs.require("cupy")
        if cupy.cuda.runtime.getDeviceCount() == 0:
            raise programs.Missing("no CUDA device answers")
        np = programs.np
        output = np.zeros_like(source)
        height, width = source.shape[:2]
        kernel = cupy.RawKernel(CUDA_CODE, name, options=options)
        last = cupy.asarray(np.arange(256) / 255.0) if name == "binary64" else np.float32(programs.SINGLE_SCALE)
        block = (32, 8)
        grid = ((width - 2 + block[0] - 1) // block[0], (height - 2 + block[1] - 1) // block[1])
        result = cupy.zeros(source.shape, np.uint8)
        other = cupy.zeros(source.shape, np.uint8)

        def compute(image):
            kernel(grid, block, (image, result, np.int32(width), np.int32(height), last))

        def run():
            compute(cupy.asarray(source))
            result.get(out=output)

        def elapsed_ms(work, calls):
            begin, end = cupy.cuda.Event(), cupy.cuda.Event()
            begin.record()
            for _ in range(calls):
                work()
            end.record()
            end.synchronize()
            return cupy.cuda.get_elapsed_time(begin, end) / calls

        image = cupy.asarray(source)
        run.device_times = lambda: {
            "uploadMs": host_ms(lambda: cupy.asarray(source), cupy.cuda.Device().synchronize),
            "kernelMs": device_ms(elapsed_ms, lambda: compute(image)),
            "readBackMs": host_ms(lambda: result.get(out=output), cupy.cuda.Device().synchronize),
            "copyMs": device_ms(elapsed_ms, lambda: cupy.copyto(other, image)),
        }
        return run, output

    return prepare


def torch_peer(compute_on):
    """From `compute_on(torch, result)`, which gives a function of the image on the device that writes the result there."""

    def prepare(source, _threads):
        torch = programs.require("torch")
        if not torch.cuda.is_available():
            raise programs.Missing("no CUDA device answers")
        output = programs.np.zeros_like(source)
        host_source, host_output = torch.from_numpy(source), torch.from_numpy(output)
        result, other = (torch.zeros(source.shape, dtype=torch.uint8, device="cuda") for _ in range(2))
        compute = compute_on(torch, result)

        def run():
            compute(host_source.cuda())
            host_output.copy_(result)

        def elapsed_ms(work, calls):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            for _ in range(calls):
                work()
            end.record()
            end.synchronize()
            return begin.elapsed_time(end) / calls

        image = host_source.cuda()
        run.device_times = lambda: {
            "uploadMs": host_ms(host_source.cuda, torch.cuda.synchronize),
            "kernelMs": device_ms(elapsed_ms, lambda: compute(image)),
            "readBackMs": host_ms(lambda: host_output.copy_(result), torch.cuda.synchronize),
            "copyMs": device_ms(elapsed_ms, lambda: other.copy_(image)),
        }
        return run, output

    return prepare


def torch_whole_array(torch, result):
    """Whole arrays, products of three in a row shared."""

    def compute(image):
        scaled = image[..., :3].float() * programs.SINGLE_SCALE
        across = scaled[:, :-2] * scaled[:, 1:-1] * scaled[:, 2:]
        product = across[:-2] * across[1:-1] * across[2:]
        norm = product.square().sum(2, keepdim=True).sqrt()
        share = product / torch.where(norm == 0, 1, norm)
        result[1:-1, 1:-1, :3] = (share.clamp(max=1) * 255).to(torch.uint8)
        result[1:-1, 1:-1, 3] = 255

    return compute


def torch_compiled(torch, result):
    return torch.compile(torch_whole_array(torch, result))


def triton_kernel(torch, result):
    triton = programs.require("triton")
    kernel = programs.require("triton_kernel").transform
    height, width = result.shape[:2]
    block = 256
    grid = (triton.cdiv(width - 2, block), height - 2)
    words = result.view(torch.int32)

    def compute(image):
        kernel[grid](image.view(torch.int32), words, width, programs.SINGLE_SCALE, BLOCK=block)

    return compute


def median(measure):
    return statistics.median(measure() for _ in range(REPETITIONS))


def device_ms(elapsed_ms, work):
    calls = max(1, min(MOST_CALLS, int(MEASURED_MS / elapsed_ms(work, 1))))
    return median(lambda: elapsed_ms(work, calls))


def host_ms(work, synchronize):
    def measure():
        synchronize()
        begin = time.perf_counter()
        work()
        synchronize()
        return (time.perf_counter() - begin) * 1e3

    return median(measure)


PEERS = [
    programs.Peer("CuPy float32 kernel", cupy_kernel("single")),
    programs.Peer("CuPy float64 kernel", cupy_kernel("binary64", "--fmad=false")),
    programs.Peer("PyTorch float32 whole array", torch_peer(torch_whole_array)),
    programs.Peer("PyTorch float32 compiled", torch_peer(torch_compiled)),
    programs.Peer("Triton float32 kernel", torch_peer(triton_kernel)),
]
