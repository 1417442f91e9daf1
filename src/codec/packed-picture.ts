import type { Raster } from '../image.js';
import type { PackedPicture } from './png-codec.js';

/** The picture's samples in one piece; without alpha where every pixel's is 255. Its memory is the raster's or new. */
export function packPicture(image: Raster): PackedPicture {
  const { width, height, channels } = image;
  if (channels === 4 && isOpaque(image)) return { data: withoutAlpha(image), width, height, channels: 3 };
  return { data: withoutPadding(image), width, height, channels };
}

function isOpaque({ data, width, height, rowBytes }: Raster): boolean {
  for (let y = 0; y < height; y++) {
    const end = y * rowBytes + width * 4;
    for (let at = y * rowBytes + 3; at < end; at += 4) if (data[at] !== 255) return false;
  }
  return true;
}

function withoutAlpha({ data, width, height, rowBytes }: Raster): Buffer {
  const rgb = Buffer.allocUnsafe(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const end = y * rowBytes + width * 4;
    for (let from = y * rowBytes; from < end; from += 4) {
      rgb[to++] = data[from];
      rgb[to++] = data[from + 1];
      rgb[to++] = data[from + 2];
    }
  }
  return rgb;
}

/** The caller's memory where rows follow each other, a copy where they do not. */
function withoutPadding({ data, width, height, channels, rowBytes }: Raster): Buffer {
  const byteLength = width * channels;
  if (rowBytes === byteLength) return Buffer.from(data.buffer, data.byteOffset, byteLength * height);
  const rows = Buffer.alloc(byteLength * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * rowBytes, y * rowBytes + byteLength), y * byteLength);
  return rows;
}
