/** What a library that knows PNG has to do for us; what files are refused is not its business. */
import type { PngHeader } from './png-header.js';

/**
 * What an encoder strives for. The fastest; near the smallest file at a small part of the time; the smallest file of
 * all settings known to be worth trying.
 */
export const COMPRESSIONS = ['fast', 'balanced', 'small'] as const;

export const DEFAULT_COMPRESSION = 'balanced';

export type Compression = (typeof COMPRESSIONS)[number];

/** Rows of 8-bit samples that follow each other without padding. */
export interface PackedPicture {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  /** 3: truecolour, 4: truecolour with alpha. */
  readonly channels: 3 | 4;
}

export interface Encode {
  (picture: PackedPicture): Uint8Array;
  /** The same on another thread, where the codec can do that. The picture must not change before the promise settles. */
  readonly offThread?: (picture: PackedPicture) => Promise<Uint8Array>;
}

/** Raw samples of the picture's bit depth. */
export type Samples = Uint8Array | Uint16Array;

export interface PngCodec {
  /** The package's. */
  readonly name: 'pngjs' | '@napi-rs/image';
  /**
   * Reads a PNG of nothing but what the guard checked.
   *
   * @returns the raw samples of the picture's bit depth as RGBA, alpha the greatest value where the picture has none; of
   *   a palette, its own 8-bit colours
   */
  readonly readSamples: (plainPng: Buffer, header: PngHeader) => Samples;
  /** The same, the most of it on another thread, where the codec can do that. */
  readonly readSamplesOffThread?: (plainPng: Buffer, header: PngHeader) => Promise<Samples>;
  /**
   * Settings worth trying, the fastest first: pictures differ in which gives the smallest file. A codec whose files are
   * never the smallest has none for `small`.
   */
  readonly settings: Readonly<Partial<Record<Compression, readonly Encode[]>>>;
}
