/** Where a case's input and output lie in memory: apart, or one over the other. */
import type { Raster } from '../image.js';

/** Where an image starts in its memory and how far apart its rows start, both in bytes. */
export interface Layout {
  /** From the start of the memory that is free for the image. */
  readonly byteOffset: number;
  /** From the start of one row to the start of the next. */
  readonly rowBytes: number;
}

/** Where both images of a case lie. */
export interface Placement {
  /** The input's place. */
  readonly input: Layout;
  /** The output's place, in the input's memory where that is shared. */
  readonly output: Layout;
  /** Whether the output lies in the input's memory. */
  readonly shared: boolean;
}

/** Width, height and channels, which input and output have in common. */
export type Size = Pick<Raster, 'width' | 'height' | 'channels'>;

/** Bytes left free before and behind an image: what is written there by mistake is seen. */
export const GUARD_BYTES = 64;

/** How much further from its memory's start, or how much longer in its rows, an image is than it need be, in bytes. */
export interface Slack {
  readonly offset?: number;
  readonly padding?: number;
}

/** Two memories, without slack as a caller who thinks of neither would have them. */
export function placeApart(size: Size, input: Slack = {}, output: Slack = {}): Placement {
  return { input: loosen(size, input), output: loosen(size, output), shared: false };
}

/** The ways one image can lie over another that an implementation may confuse; all but the last change the input. */
export const OVERLAPS = {
  'in-place': (size) => shift(size, 0),
  'byte-later': (size) => shift(size, 1),
  'byte-earlier': (size) => shift(size, -1),
  'pixel-later': (size) => shift(size, size.channels),
  'pixel-earlier': (size) => shift(size, -size.channels),
  'row-later': (size) => shift(size, size.width * size.channels),
  'row-earlier': (size) => shift(size, -size.width * size.channels),
  'half-later': (size) => shift(size, (size.height >> 1) * size.width * size.channels),
  'half-earlier': (size) => shift(size, -(size.height >> 1) * size.width * size.channels),
  'wider-rows': (size) => ({ input: loosen(size, {}), output: loosen(size, { padding: 5 }), shared: true }),
  'narrower-rows': (size) => ({ input: loosen(size, { padding: 5 }), output: loosen(size, {}), shared: true }),
  /** The output's rows lie in the padding of the input's: neither may touch the other. */
  'side-by-side': (size) => {
    const padding = size.width * size.channels;
    return { input: loosen(size, { padding }), output: loosen(size, { offset: padding, padding }), shared: true };
  },
} satisfies Record<string, (size: Size) => Placement>;

/** Bytes from the first to the last of an image, the padding of its last row not among them. */
export function byteLengthOf({ width, height, channels }: Size, rowBytes: number): number {
  return (height - 1) * rowBytes + width * channels;
}

function shift(size: Size, bytes: number): Placement {
  const input = loosen(size, { offset: Math.max(-bytes, 0) });
  return { input, output: { ...input, byteOffset: input.byteOffset + bytes }, shared: true };
}

function loosen({ width, channels }: Size, { offset = 0, padding = 0 }: Slack): Layout {
  return { byteOffset: GUARD_BYTES + offset, rowBytes: width * channels + padding };
}
