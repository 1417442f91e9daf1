/** Where the input and the output of a case lie in memory: apart, or one over the other. */
import type { CheckedImage } from '../image.js';

/** Where an image lies in its memory, in bytes. */
export interface Layout {
  /** From the start of the memory, which includes guard bytes. */
  readonly byteOffset: number;
  /** From the start of one row to the start of the next. */
  readonly rowBytes: number;
}

/** Where the images of a case lie. */
export interface Placement {
  /** Of the input. */
  readonly input: Layout;
  /** Of the output; in the input's memory if that is shared. */
  readonly output: Layout;
  /** Whether the output lies in the input's memory. */
  readonly shared: boolean;
}

/** The properties that input and output of a case share. */
export type ImageShape = Pick<CheckedImage, 'width' | 'height' | 'channels'>;

/** Bytes kept free before and after an image, to see stray writes. */
export const GUARD_BYTES = 64;

/** Bytes added to an image's offset and to each of its rows. */
interface Slack {
  readonly offset?: number;
  readonly padding?: number;
}

/** Separate memory for input and output. */
export function placeApart(shape: ImageShape, input: Slack = {}, output: Slack = {}): Placement {
  return { input: loosen(shape, input), output: loosen(shape, output), shared: false };
}

/** Ways for the output to lie over the input that an implementation may get wrong; all but the last change the input. */
export const OVERLAPS = {
  'in-place': (shape) => shift(shape, 0),
  'byte-later': (shape) => shift(shape, 1),
  'byte-earlier': (shape) => shift(shape, -1),
  'pixel-later': (shape) => shift(shape, shape.channels),
  'pixel-earlier': (shape) => shift(shape, -shape.channels),
  'row-later': (shape) => shift(shape, shape.width * shape.channels),
  'row-earlier': (shape) => shift(shape, -shape.width * shape.channels),
  'half-later': (shape) => shift(shape, (shape.height >> 1) * shape.width * shape.channels),
  'half-earlier': (shape) => shift(shape, -(shape.height >> 1) * shape.width * shape.channels),
  'wider-rows': (shape) => ({ input: loosen(shape, {}), output: loosen(shape, { padding: 5 }), shared: true }),
  'narrower-rows': (shape) => ({ input: loosen(shape, { padding: 5 }), output: loosen(shape, {}), shared: true }),
  /** The output's rows lie in the padding of the input's rows: neither may touch the other. */
  'side-by-side': (shape) => {
    const padding = shape.width * shape.channels;
    return { input: loosen(shape, { padding }), output: loosen(shape, { offset: padding, padding }), shared: true };
  },
} satisfies Record<string, (shape: ImageShape) => Placement>;

function shift(shape: ImageShape, bytes: number): Placement {
  const input = loosen(shape, { offset: Math.max(-bytes, 0) });
  return { input, output: { ...input, byteOffset: input.byteOffset + bytes }, shared: true };
}

function loosen({ width, channels }: ImageShape, { offset = 0, padding = 0 }: Slack): Layout {
  return { byteOffset: GUARD_BYTES + offset, rowBytes: width * channels + padding };
}
