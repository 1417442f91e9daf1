/** Samples of other depths and kinds of pixels as 8-bit RGBA, and rows as they are written. */
import type { CheckedImage } from '../image.js';

/** The byte of each sample up to the greatest one: the nearest of `sample * 255 / maxval`. */
export function bytesOfSamples(maxval: number): Uint8Array {
  return Uint8Array.from({ length: maxval + 1 }, (_, sample) => Math.round((sample * 255) / maxval));
}

const byteTables = new Map<number, Uint8Array>();

/** Samples of up to 16 bits as bytes, to the nearest. @param bits that were shifted to 16 */
export function toBytes(samples: Uint16Array, bits = 16): Uint8Array {
  const byteOf = byteTables.get(bits) ?? bytesOfSamples(2 ** bits - 1);
  byteTables.set(bits, byteOf);
  const bytes = new Uint8Array(samples.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = byteOf[samples[at] >> (16 - bits)];
  return bytes;
}

/**
 * Widens pixels to RGBA.
 *
 * @param depth samples of one byte in a pixel: greyscale, greyscale with alpha, RGB, RGB with alpha
 */
export function widenToRgba(samples: Uint8Array, depth: number, rgba: Uint8Array): void {
  const [green, blue] = depth < 3 ? [0, 0] : [1, 2];
  const alpha = depth % 2 === 0 ? depth - 1 : undefined;
  for (let at = 0, to = 0; to < rgba.length; at += depth, to += 4) {
    rgba[to] = samples[at];
    rgba[to + 1] = samples[at + green];
    rgba[to + 2] = samples[at + blue];
    rgba[to + 3] = alpha === undefined ? 255 : samples[at + alpha];
  }
}

/** The samples without padding, and without alpha where three channels are written; in the same memory if they can be. */
export function packRows({ data, width, height, channels, rowBytes }: CheckedImage, written: 3 | 4): Uint8Array {
  if (channels === written && rowBytes === width * channels) return data.subarray(0, height * rowBytes);
  const samples = new Uint8Array(width * height * written);
  for (let y = 0, to = 0; y < height; y++) {
    const end = y * rowBytes + width * channels;
    for (let at = y * rowBytes; at < end; at += channels) {
      for (let c = 0; c < written; c++) samples[to++] = data[at + c];
    }
  }
  return samples;
}
