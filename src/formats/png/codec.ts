/** What can be asked of reading and writing. Imports nothing at run time: the command reads its options' defaults from here. */
import type { MetadataChunk } from '../extra.js';

/** The default limit of pixels for what is decoded as a whole: 16384 x 16384, a gibibyte of RGBA. */
export const DEFAULT_MAX_PIXELS = 2 ** 28;

/** What a decoder accepts. */
export interface DecodeLimits {
  /** Width times height at most, of a file that is decoded as a whole. */
  readonly maxPixels: number;
  /** The same of a file that is decoded row by row; absent where none is. */
  readonly maxPixelsByRows?: number;
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

/** The formats that can be written, by what `--format` calls them. */
export const OUTPUT_FORMATS = ['png', 'webp', 'tiff', 'pam'] as const;

/**
 * A format that can be written: `webp` and `tiff` without loss, by the optional package sharp.
 *
 * @useDeclaredType
 */
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export const DEFAULT_FORMAT: OutputFormat = 'png';

export interface EncodeOptions {
  /** Default {@link DEFAULT_COMPRESSION}. */
  readonly compression?: Compression;
  /** Chunks to write besides the image, right after the header. */
  readonly metadata?: readonly MetadataChunk[];
}

/** What becomes of what a file holds besides its image. */
export const METADATA_CHOICES = ['keep', 'drop'] as const;

/**
 * `keep` copies density, text, Exif and colour space to the output, `drop` leaves them out, and names them in no warning.
 *
 * @useDeclaredType
 */
export type MetadataChoice = (typeof METADATA_CHOICES)[number];
