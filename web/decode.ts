/** A file that the user gave, as RGBA. Runs in the worker. */
import type { CheckedImage } from '../src/image.js';
import { createImage } from '../src/image.js';
import { decodePng, isPng } from './png.js';

/** The most pixels. With before, after and smaller copies for the screen a page holds 11 bytes a pixel: 1.4 GiB. */
const MAX_PIXELS = 2 ** 27;
const HELD_BYTES_PER_PIXEL = 11;
/** Bytes of a file: it is read as a whole. */
const MAX_FILE_BYTES = 2 ** 30;

export interface DecodedFile {
  readonly image: CheckedImage;
  /** What the reader should know of the pixels, a sentence. */
  readonly note?: string;
}

/** @throws Error with a sentence for the user */
export async function decodeFile(file: Blob): Promise<DecodedFile> {
  if (file.size > MAX_FILE_BYTES) {
    throw new Error(`The file has ${megabytes(file.size)}; this page reads up to ${megabytes(MAX_FILE_BYTES)}.`);
  }
  if (isPng(new Uint8Array(await file.slice(0, 8).arrayBuffer()))) {
    return { image: await decodePng(new Uint8Array(await file.arrayBuffer()), checkSize) };
  }
  return decodeByBrowser(file);
}

function checkSize(width: number, height: number): void {
  const pixels = width * height;
  if (pixels <= MAX_PIXELS) return;
  const needed = (pixels * HELD_BYTES_PER_PIXEL) / 2 ** 30;
  throw new Error(
    `The picture has ${width} × ${height} pixels, ${megapixels(pixels)}, for which this page would need ` +
      `${needed.toFixed(1)} GiB of memory. It takes up to ${megapixels(MAX_PIXELS)}; the command takes any size.`,
  );
}

const megapixels = (pixels: number) => `${(pixels / 1e6).toFixed(0)} megapixels`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

/** Rows that are read back from a canvas at a time. */
const ROWS_AT_ONCE = 512;

/** JPEG, WebP, AVIF, GIF, BMP: whatever the browser reads, turned as Exif says, without its colour profile. */
async function decodeByBrowser(file: Blob): Promise<DecodedFile> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }).catch(() => {
    throw new Error('This browser cannot read the file as a picture. Choose a PNG, JPEG, WebP, AVIF, GIF or BMP file.');
  });
  try {
    const { width, height } = bitmap;
    checkSize(width, height);
    const image = createImage(width, height, 4);
    const canvas = new OffscreenCanvas(width, Math.min(height, ROWS_AT_ONCE));
    const context = canvas.getContext('2d', { willReadFrequently: true })!;
    context.globalCompositeOperation = 'copy';
    let hasAlpha = false;
    for (let y = 0; y < height; y += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, height - y);
      context.drawImage(bitmap, 0, y, width, rows, 0, 0, width, rows);
      const { data } = context.getImageData(0, 0, width, rows);
      image.data.set(data, y * width * 4);
      for (let at = 3; at < data.length && !hasAlpha; at += 4) hasAlpha = data[at] !== 255;
    }
    const note =
      'The browser rounds the colours of transparent pixels in this format; those of a PNG are read exactly.';
    return hasAlpha ? { image, note } : { image };
  } finally {
    bitmap.close();
  }
}
