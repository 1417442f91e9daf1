"""The kernel of gpu_programs.triton_kernel, in a file of its own: Triton reads its source."""
import triton
import triton.language as tl


@triton.jit
def transform(source, output, width, scale, BLOCK: tl.constexpr):
    """Pixels are 32-bit words, the first sample in the lowest byte; the grid has no first and no last row."""
    x = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK) + 1
    y = tl.program_id(1) + 1
    inside = x < width - 1
    red = tl.full((BLOCK,), 1.0, tl.float32)
    green = tl.full((BLOCK,), 1.0, tl.float32)
    blue = tl.full((BLOCK,), 1.0, tl.float32)
    for j in tl.static_range(3):
        for i in tl.static_range(3):
            word = tl.load(source + (y + j - 1) * width + x + i - 1, mask=inside, other=0)
            red *= (word & 255).to(tl.float32) * scale
            green *= ((word >> 8) & 255).to(tl.float32) * scale
            blue *= ((word >> 16) & 255).to(tl.float32) * scale
    squares = red * red + green * green + blue * blue
    factor = tl.where(squares == 0, 0.0, 255 * tl.rsqrt(squares))
    samples = tl.minimum(red * factor, 255.0).to(tl.int32)
    samples |= tl.minimum(green * factor, 255.0).to(tl.int32) << 8
    samples |= tl.minimum(blue * factor, 255.0).to(tl.int32) << 16
    tl.store(output + y * width + x, samples | -16777216, mask=inside)
