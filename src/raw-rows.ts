/** Raw samples as rows: images one after another in a stream, with nothing between them. */
import type { Input } from './files/byte-source.js';
import type { ImageShape } from './image.js';
import { incompleteImage } from './image-sequence.js';
import type { RowReader } from './rows.js';

/** Reads one image after another: each as a {@link RowReader} of its own. */
export class RawSource {
  readonly #input: Input;
  #piece: Uint8Array = new Uint8Array();

  constructor(input: Input) {
    this.#input = input;
  }

  /** Whether there are more samples. @throws NeighborProductError `INPUT_UNREADABLE` */
  async hasMore(): Promise<boolean> {
    if (this.#piece.length === 0) this.#piece = await this.#input.read(0);
    return this.#piece.length > 0;
  }

  /** The samples that come next, in pieces of any length. */
  async *pieces(): AsyncGenerator<Uint8Array, void, void> {
    while (await this.hasMore()) {
      const piece = this.#piece;
      this.#piece = new Uint8Array();
      yield piece;
    }
  }

  /** The next image. It throws `INVALID_IMAGE` where the samples end within it. */
  nextImage({ width, height, channels }: ImageShape): RowReader {
    let taken = 0;
    const read = async (rows: Uint8Array) => {
      for (let at = 0; at < rows.length; ) {
        if (!(await this.hasMore())) throw incompleteImage(taken, { width, height, channels });
        const part = this.#piece.subarray(0, rows.length - at);
        rows.set(part, at);
        this.#piece = this.#piece.subarray(part.length);
        at += part.length;
        taken += part.length;
      }
    };
    return { width, height, channels, read, finish: async () => {}, close: async () => {} };
  }
}
