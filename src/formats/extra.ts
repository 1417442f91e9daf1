/** What a file holds that is not in the pixels that are read from it. */

/** Names for programs, in the records of the command; docs/troubleshooting.md explains each. They keep their meaning. */
export const EXTRA_IDS = [
  '16-bit',
  'colour-profile',
  'colour-space',
  'srgb',
  'density',
  'text',
  'exif',
  'orientation',
  'animation',
  'trailing-bytes',
  'time',
  'other',
] as const;

export type ExtraId = (typeof EXTRA_IDS)[number];

/** A piece of a PNG file that holds metadata. */
export interface MetadataChunk {
  /** Four letters. */
  readonly type: string;
  readonly data: Uint8Array;
}

/** Something of a file that is not in its pixels. */
export interface Extra {
  readonly id: ExtraId;
  /** For people, such as `density` or `3 more frames of an animation`. */
  readonly term: string;
  /** What keeps it when it is written into another file; empty if it cannot be kept. */
  readonly copies: readonly MetadataChunk[];
}

export function withoutCopies(id: ExtraId, term: string): Extra {
  return { id, term, copies: [] };
}
