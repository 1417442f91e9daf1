/**
 * What can be asked of reading and writing, and what a library that knows PNG does for it. Which files are refused is
 * decided in check.ts. Imports nothing at run time: the command reads its options' defaults from here.
 */
import type { MetadataChunk } from '../extra.js';
import type { PngHeader } from './chunks.js';

/** The default limit of pixels: 16384 x 16384, a gibibyte of RGBA. */
export const DEFAULT_MAX_PIXELS = 2 ** 28;

/** What a decoder accepts. */
export interface DecodeLimits {
  /** Width times height at most. */
  readonly maxPixels: number;
}

export const COMPRESSIONS = ['fast', 'balanced', 'small'] as const;

export const DEFAULT_COMPRESSION = 'balanced';

/**
 * What an encoder optimises for: `fast` is the fastest; `balanced` comes near the smallest file in a small part of the
 * time; `small` is the smallest file of all settings known to be worth trying.
 *
 * @useDeclaredType
 */
export type Compression = (typeof COMPRESSIONS)[number];

export interface EncodeOptions {
  /** Default {@link DEFAULT_COMPRESSION}. */
  readonly compression?: Compression;
  /** Chunks to write besides the image, right after the header. */
  readonly metadata?: readonly MetadataChunk[];
}

/** Rows of 8-bit samples without padding. */
export interface PackedImage {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  /** 3: truecolour, 4: truecolour with alpha. */
  readonly channels: 3 | 4;
}

export interface Encode {
  (image: PackedImage): Uint8Array;
  /** The same on another thread, where the codec can. The image must not change before the promise settles. */
  readonly offThread?: (image: PackedImage) => Promise<Uint8Array>;
}

/** Raw samples of the image's bit depth. */
export type Samples = Uint8Array | Uint16Array;

export interface PngCodec {
  /** The package's. */
  readonly name: 'pngjs' | '@napi-rs/image';
  /**
   * Reads a PNG that contains nothing but what was checked.
   *
   * @returns the raw samples of the image's bit depth as RGBA, alpha the greatest value where the image has none; of a
   *   palette, its own 8-bit colours
   */
  readonly readSamples: (plainPng: Buffer, header: PngHeader) => Samples;
  /** The same, mostly on another thread, where the codec can. */
  readonly readSamplesOffThread?: (plainPng: Buffer, header: PngHeader) => Promise<Samples>;
  /**
   * Settings worth trying, the fastest first: images differ in which gives the smallest file. A codec whose files are
   * never the smallest has none for `small`.
   */
  readonly settings: Readonly<Partial<Record<Compression, readonly Encode[]>>>;
}

/** What becomes of what a file holds besides its image. */
export const METADATA_CHOICES = ['keep', 'drop'] as const;

export type MetadataChoice = (typeof METADATA_CHOICES)[number];

/** A codec, and why it was chosen: a clause for people. */
export interface CodecChoice {
  readonly codec: PngCodec;
  readonly reason: string;
}
