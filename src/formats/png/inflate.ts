/** The image data of a PNG, inflated while it comes in, on another thread. */
import { createInflate, type Inflate, type ZlibOptions } from 'node:zlib';

/** Bytes that zlib makes at a time, and those that may wait to be taken. */
const CHUNK_BYTES = 2 ** 18;
const LEAST_CHUNK_BYTES = 2 ** 14;
const WAITING_BYTES = 2 ** 21;

/** A zlib stream that is written and read at the same time. What follows its end is ignored. */
export class Inflater {
  readonly #stream: Inflate;
  readonly #chunks: AsyncIterator<Uint8Array, undefined>;
  #isOver = false;
  #resume = () => {};

  /** @param byteLength of the inflated bytes, if nothing is wrong */
  constructor(byteLength: number) {
    const options: ZlibOptions & { readableHighWaterMark: number } = {
      // Memory that a small image does not need makes the garbage collector run sooner.
      chunkSize: Math.max(LEAST_CHUNK_BYTES, Math.min(CHUNK_BYTES, byteLength + 1)),
      readableHighWaterMark: WAITING_BYTES,
    };
    this.#stream = createInflate(options);
    const end = () => {
      this.#isOver = true;
      this.#resume();
    };
    for (const event of ['error', 'end', 'close']) this.#stream.on(event, end);
    this.#stream.on('drain', () => this.#resume());
    this.#chunks = this.#stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  }

  /** Takes compressed bytes, which must not change later. Wait for {@link wantsMore} before the next ones. */
  write(compressed: Uint8Array): void {
    if (!this.#isOver) this.#stream.write(compressed);
  }

  /** Resolves once more bytes are wanted, or no more. */
  wantsMore(): Promise<void> {
    if (this.#isOver || !this.#stream.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** There are no more compressed bytes. */
  end(): void {
    if (!this.#isOver) this.#stream.end();
  }

  /** The next bytes; undefined at the end. @throws zlib's errors */
  async next(): Promise<Uint8Array | undefined> {
    return (await this.#chunks.next()).value;
  }

  close(): void {
    this.#stream.destroy();
    this.#isOver = true;
    this.#resume();
  }
}
