import type { CheckedPng } from './png-guard.js';

/**
 * Raw RGBA samples of the picture's bit depth as 8-bit ones, in place where they are bytes already: what libpng gives
 * with expand, scale_16 and an added alpha of 255.
 *
 * @param samples four a pixel, alpha the greatest value where the picture has none; of a palette, its own 8-bit colours
 */
export function toRgba8(samples: Uint8Array | Uint16Array, { header, palette, colourKey }: CheckedPng): Uint8Array {
  if (palette !== undefined) return samples as Uint8Array;
  if (colourKey !== undefined) clearKeyedAlpha(samples, colourKey);
  if (samples instanceof Uint16Array) return roundTo8Bits(samples);
  if (header.bitDepth < 8) widenTo8Bits(samples, header.bitDepth);
  return samples;
}

/** The keyed pixels keep their colour. Compared before rounding, or colours near the key would vanish with it. */
function clearKeyedAlpha(samples: Uint8Array | Uint16Array, colourKey: readonly number[]): void {
  // Greyscale came as three equal samples.
  const [red, green = red, blue = red] = colourKey;
  for (let at = 0; at < samples.length; at += 4) {
    if (samples[at] === red && samples[at + 1] === green && samples[at + 2] === blue) samples[at + 3] = 0;
  }
}

/** To the nearest: equals Math.round(sample * 255 / 65535) for every sample. */
function roundTo8Bits(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.length);
  for (let at = 0; at < samples.length; at++) bytes[at] = (samples[at] * 255 + 32895) >> 16;
  return bytes;
}

/** 255 divides evenly by the greatest value of 1, 2 and 4 bits. */
function widenTo8Bits(samples: Uint8Array, bitDepth: number): void {
  const step = 255 / (2 ** bitDepth - 1);
  for (let at = 0; at < samples.length; at++) samples[at] *= step;
}
