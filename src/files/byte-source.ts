/** A file's bytes, for code that takes it apart while it comes in, in Node and in a page. */

/**
 * Takes a file apart that comes in pieces: yields how many bytes it leaves out before the next piece, receives that
 * piece, an empty one at the end of the file, and returns what it made of them. It leaves bytes out only of a file whose
 * length it knows.
 */
export type Reading<T> = Generator<number, T, Uint8Array>;

const NOTHING = new Uint8Array();

/** Pieces as one, in memory of its own. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The bytes of a file in order. Each of its readings waits for as many pieces as it needs. */
export class ByteSource {
  /** Bytes of the file, where that is known before its end. */
  readonly byteLength: number | undefined;
  /** Bytes taken and skipped so far. */
  position = 0;
  /** Bytes taken so far. */
  taken = 0;
  #piece: Uint8Array = NOTHING;
  /** Where the bytes that are not taken begin in the piece. */
  #at = 0;
  #skipped = 0;
  #isAtEnd = false;

  constructor(byteLength?: number) {
    this.byteLength = byteLength;
  }

  /** Takes the next bytes without waiting, if all of them have come in. */
  takeAtOnce(count: number): Uint8Array | undefined {
    if (this.#available < count) return undefined;
    const bytes = this.#piece.subarray(this.#at, this.#at + count);
    this.#advance(count);
    this.taken += count;
    return bytes;
  }

  /** Looks at the next bytes: fewer than asked for only at the end of the file. */
  *peek(count: number): Reading<Uint8Array> {
    while (this.#available < count && (yield* this.#receive()));
    return this.#piece.subarray(this.#at, this.#at + count);
  }

  /** Takes the next bytes: fewer than asked for only at the end of the file. */
  *take(count: number): Reading<Uint8Array> {
    const bytes = yield* this.peek(count);
    this.#advance(bytes.length);
    this.taken += bytes.length;
    return bytes;
  }

  /** Takes what has come in, or else the next piece, but not more than `count` bytes; none at the end of the file. */
  *takeSome(count: number): Reading<Uint8Array> {
    yield* this.peek(1);
    return yield* this.take(Math.min(count, this.#available));
  }

  /** Leaves out bytes of a file that is known to have as many. */
  skip(count: number): void {
    const inPiece = Math.min(count, this.#available);
    this.#advance(inPiece);
    this.#skipped = count - inPiece;
    this.position += this.#skipped;
  }

  get #available(): number {
    return this.#piece.length - this.#at;
  }

  #advance(count: number): void {
    this.#at += count;
    this.position += count;
  }

  /** @returns whether there was another piece */
  *#receive(): Reading<boolean> {
    if (this.#isAtEnd) return false;
    const skipped = this.#skipped;
    this.#skipped = 0;
    const piece = yield skipped;
    this.#isAtEnd = piece.length === 0;
    const rest = this.#piece.subarray(this.#at);
    this.#piece = rest.length === 0 ? piece : joined([rest, piece]);
    this.#at = 0;
    return !this.#isAtEnd;
  }
}

/** The most that is read of the rest of a stream in order to say how long it is. */
const MAX_REST_BYTES = 2 ** 20;

/** @returns how many bytes of a file are left, in words; nothing if none are */
export function* countRest(source: ByteSource): Reading<string> {
  const end = source.position;
  if (source.byteLength === undefined) {
    while (source.position - end < MAX_REST_BYTES && (yield* source.takeSome(MAX_REST_BYTES)).length > 0);
  }
  const byteLength = (source.byteLength ?? source.position) - end;
  if (byteLength <= 0) return '';
  const isAtLeast = source.byteLength === undefined && byteLength >= MAX_REST_BYTES;
  return `${isAtLeast ? 'at least ' : ''}${byteLength} byte${byteLength === 1 ? '' : 's'}`;
}

/** Where the bytes of a file come from. */
export interface Input {
  /** Bytes of the file, where that is known before its end. */
  readonly byteLength: number | undefined;
  /**
   * The next bytes, none at the end of the file.
   *
   * @param skipped bytes to leave out before, only of a file whose length is known
   * @throws NeighborProductError `INPUT_UNREADABLE`
   */
  readonly read: (skipped: number) => Promise<Uint8Array>;
  /** Ends the reading; the end of a file needs none. */
  readonly close: () => Promise<void>;
}

/** Runs a reading on bytes that come in. @param more called before each piece that is asked for */
export async function readFrom<T>(input: Input, reading: Reading<T>, more?: () => Promise<void>): Promise<T> {
  let step = reading.next();
  while (!step.done) {
    await more?.();
    step = reading.next(await input.read(step.value));
  }
  return step.value;
}

/** A file in memory as an input. */
export function inputInMemory(file: Uint8Array): Input {
  let rest = file;
  const read = async () => {
    const piece = rest;
    rest = NOTHING;
    return piece;
  };
  return { byteLength: file.length, read, close: async () => {} };
}

/** Runs a reading of a file that is in memory. */
export function readInMemory<T>(file: Uint8Array, read: (source: ByteSource) => Reading<T>): T {
  const reading = read(new ByteSource(file.length));
  let step = reading.next();
  if (!step.done) step = reading.next(file);
  while (!step.done) step = reading.next(NOTHING);
  return step.value;
}
