/** Images that are too large are refused by their headers, before memory is allocated. */
import { NeighborProductError } from '../errors.js';

/** The longest side, libpng's default; below it, the number of bits in a row fits into 32 bits. */
const MAX_SIDE = 1_000_000;

const CUT = 'Cut the image into smaller ones';

interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** @throws NeighborProductError `TOO_MANY_PIXELS` */
export function checkPixels(size: ImageSize, maxPixels: number): void {
  const { width, height } = size;
  if (!(width * height <= maxPixels)) {
    const advice = 'Raise the limit (--max-pixels, maxPixels) if you trust the file';
    throw tooManyPixels(size, `more than the limit of ${maxPixels}`, advice);
  }
  if (Math.max(width, height) > MAX_SIDE) throw tooManyPixels(size, `a side of more than ${MAX_SIDE}`);
}

/** @param excess a clause */
export function tooManyPixels({ width, height }: ImageSize, excess: string, advice = CUT): NeighborProductError {
  const message = `The image has ${width}x${height} pixels, ${excess}. ${advice}.`;
  return new NeighborProductError('TOO_MANY_PIXELS', message);
}
