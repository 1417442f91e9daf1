/** Files in memory, for what transforms files. */
import type { Input } from '../../src/files/byte-source.js';
import type { ImageReader } from '../../src/formats/formats.js';
import type { CheckedImage } from '../../src/image.js';

/** The name of an input stands for its file. */
export interface NamedInput extends Input {
  readonly name: string;
}

export function namedInput(name: string): NamedInput {
  return { name, byteLength: 1, read: async () => new Uint8Array(), close: async () => {} };
}

/** An image in memory as that of a file. */
export function readerOf(image: CheckedImage, parts: Partial<ImageReader> = {}): ImageReader {
  let at = 0;
  const { width, height, channels } = image;
  const read = async (rows: Uint8Array) => {
    rows.set(image.data.subarray(at, at + rows.length));
    at += rows.length;
  };
  const codec = { name: 'a codec', detail: 'for tests' };
  const nothing = async () => {};
  const rows = { width, height, channels, read, finish: nothing, close: nothing };
  return { ...rows, extras: [], isOpaque: true, heldBytes: 0, codec, ...parts };
}
