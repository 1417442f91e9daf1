import { damaged } from './png-error.js';
import type { PngHeader } from './png-header.js';

/** The 256 colours of a palette, absent ones opaque black as in libpng. */
export interface Palette {
  /** 768 bytes, RGB. */
  readonly colours: Uint8Array;
  /** 256 bytes. */
  readonly alphas: Uint8Array;
}

/** A raw colour of the bit depth's range: one sample for greyscale, three for truecolour. */
export type ColourKey = readonly number[];

/** Refuses a PLTE chunk that no palette can be read from. @throws NeighborProductError with code `INVALID_PNG` */
export function checkPalette(plte: Uint8Array): void {
  if (plte.length >= 3 && plte.length <= 768 && plte.length % 3 === 0) return;
  throw damaged('a palette of 1 to 256 colours, 3 bytes each', `PLTE has ${plte.length} bytes`);
}

/** Whether a tRNS chunk fits what came before it; libpng takes one that does not as absent. */
export function isTransparency(trns: Uint8Array, { colourType, bitDepth }: PngHeader, plte?: Uint8Array): boolean {
  if (colourType === 0) return trns.length === 2;
  if (colourType === 2) return trns.length === 6;
  return plte !== undefined && trns.length >= 1 && trns.length <= colourCount(plte, bitDepth);
}

/** The palette of a checked PLTE and, where there is one, tRNS chunk. */
export function readPalette(plte: Uint8Array, trns: Uint8Array | undefined, { bitDepth }: PngHeader): Palette {
  const palette = { colours: new Uint8Array(768), alphas: new Uint8Array(256).fill(255) };
  palette.colours.set(plte.subarray(0, 3 * colourCount(plte, bitDepth)));
  if (trns !== undefined) palette.alphas.set(trns);
  return palette;
}

/** The colour of a checked tRNS chunk; bits above the bit depth do not count. */
export function readColourKey(trns: Uint8Array, { bitDepth }: PngHeader): ColourKey {
  const view = new DataView(trns.buffer, trns.byteOffset, trns.byteLength);
  return Array.from({ length: trns.length / 2 }, (_, c) => view.getUint16(2 * c) & (2 ** bitDepth - 1));
}

/** Colours that indices of the bit depth can reach. */
function colourCount(plte: Uint8Array, bitDepth: number): number {
  return Math.min(plte.length / 3, 2 ** bitDepth);
}
