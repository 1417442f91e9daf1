/** A picture in ever smaller copies, so that drawing a part of it costs as much as the screen has pixels. For the eye only. */
import type { CheckedImage } from '../src/image.js';

/** RGBA, one word a pixel. */
export interface Level {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** Pixels that are averaged before the page may do something else: some milliseconds. */
const PIXELS_AT_ONCE = 2 ** 19;

/** The picture itself, and copies of half its width and height, a quarter, and so on, down to one pixel. */
export async function makeLevels({ data, width, height }: CheckedImage): Promise<readonly Level[]> {
  const levels: Level[] = [{ width, height, pixels: new Uint32Array(data.buffer, data.byteOffset, width * height) }];
  for (let last = levels[0]; Math.max(last.width, last.height) > 1; last = levels.at(-1)!) {
    const half = { width: Math.ceil(last.width / 2), height: Math.ceil(last.height / 2) };
    const level = { ...half, pixels: new Uint32Array(half.width * half.height) };
    const rowsAtOnce = Math.max(1, Math.floor(PIXELS_AT_ONCE / 4 / half.width));
    for (let y = 0; y < half.height; y += rowsAtOnce) {
      average(last, level, y, Math.min(half.height, y + rowsAtOnce));
      if (y + rowsAtOnce < half.height) await new Promise((resolve) => setTimeout(resolve));
    }
    levels.push(level);
  }
  return levels;
}

function average(from: Level, to: Level, firstRow: number, endRow: number): void {
  const { width, height, pixels } = from;
  for (let y = firstRow; y < endRow; y++) {
    const above = 2 * y * width;
    const below = Math.min(2 * y + 1, height - 1) * width;
    for (let x = 0; x < to.width; x++) {
      const left = 2 * x;
      const right = Math.min(left + 1, width - 1);
      const upper = mean(pixels[above + left], pixels[above + right]);
      const lower = mean(pixels[below + left], pixels[below + right]);
      to.pixels[y * to.width + x] = mean(upper, lower);
    }
  }
}

/** Of the four bytes of two words, each. */
function mean(a: number, b: number): number {
  return (a & b) + (((a ^ b) & 0xfefefefe) >>> 1);
}

/** A part of the picture and where it is drawn. */
export interface Part {
  /** The place in the picture that lies in the canvas's upper left corner; may be outside of it. */
  readonly left: number;
  readonly top: number;
  /** Canvas pixels for a pixel of the picture. */
  readonly scale: number;
}

const scratch = document.createElement('canvas');
const scratchContext = scratch.getContext('2d')!;

/** Draws a part of the picture over the whole canvas. Enlarged pixels have sharp edges. */
export function drawPart(canvas: HTMLCanvasElement, levels: readonly Level[], { left, top, scale }: Part): void {
  const context = canvas.getContext('2d')!;
  context.clearRect(0, 0, canvas.width, canvas.height);
  let index = 0;
  while (index + 1 < levels.length && scale * 2 ** (index + 1) <= 1) index++;
  const level = levels[index];
  const size = 2 ** index;
  const cell = scale * size;
  const [firstX, endX] = visible(left / size, canvas.width / cell, level.width);
  const [firstY, endY] = visible(top / size, canvas.height / cell, level.height);
  const [width, height] = [endX - firstX, endY - firstY];
  if (width <= 0 || height <= 0) return;
  const crop = new ImageData(width, height);
  const words = new Uint32Array(crop.data.buffer);
  for (let y = 0; y < height; y++) {
    const at = (firstY + y) * level.width + firstX;
    words.set(level.pixels.subarray(at, at + width), y * width);
  }
  if (scratch.width < width) scratch.width = width;
  if (scratch.height < height) scratch.height = height;
  scratchContext.putImageData(crop, 0, 0);
  context.imageSmoothingEnabled = scale < 1;
  context.imageSmoothingQuality = 'high';
  const [toX, toY] = [(firstX - left / size) * cell, (firstY - top / size) * cell];
  context.drawImage(scratch, 0, 0, width, height, toX, toY, width * cell, height * cell);
}

function visible(first: number, count: number, length: number): [number, number] {
  return [Math.max(0, Math.floor(first)), Math.min(length, Math.ceil(first + count))];
}
