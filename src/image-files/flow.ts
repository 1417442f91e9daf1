/** One file: its rows are read, transformed and written at the same time, and times and results are gathered. */
import { type BackendName, isOracle } from '../backends.js';
import { availableCores, defaultThreads } from '../cores.js';
import type { Input } from '../files/byte-source.js';
import type { MetadataChunk } from '../formats/extra.js';
import {
  type CodecUsed,
  createImageFile,
  type Extra,
  type ImageReader,
  type MetadataChoice,
  outputFormat,
  type TakeBytes,
} from '../formats/formats.js';
import type { Compression, OutputFormat } from '../formats/png/codec.js';
import type { CheckedImage, ImageShape } from '../image.js';
import { imagesIn, incompleteImage, transformEach } from '../image-sequence.js';
import type { Operation } from '../options.js';
import { RawSource } from '../raw-rows.js';
import { leavesEdges } from '../regions.js';
import { bytesHeld, type RowReader, type RowWriter, type StripRows, transformRows } from '../rows.js';
import { type Choice, SHARED } from '../selector.js';
import { ShareSum } from '../shares.js';
import type { isDistrusted, openBackend, Result, transform } from '../transform.js';
import { Trust } from '../trust.js';
import { verify } from './verify.js';

/** One image file to transform. */
export interface FilePair {
  /** The path of what is read; to the command `-` is standard input. */
  readonly input: string;
  /** The path of what is written; to the command `-` is standard output. */
  readonly output: string;
}

/** How files are transformed, every option checked. */
export interface FileRequest extends Operation {
  readonly backend: Choice<BackendName>;
  readonly threads?: number | undefined;
  readonly gpuTimeoutMs?: number | undefined;
  readonly auditSeed?: number | undefined;
  readonly compression: Compression;
  readonly metadata?: MetadataChoice | undefined;
  /** Of the output. Default: by its extension, PNG where that says nothing. */
  readonly format?: OutputFormat | undefined;
  /** The most pixels of an image. Default: a limit for what is decoded as a whole, none for others. */
  readonly maxPixels?: number | undefined;
  /** The size of raw images, where files hold nothing but samples. */
  readonly raw?: ImageShape | undefined;
  /** Whether every byte is compared with the reference's before it is written. */
  readonly verify?: boolean | undefined;
  /** Drops the files under way. */
  readonly signal?: AbortSignal | undefined;
}

/** An image file that was written. */
export interface Done {
  readonly kind: 'done';
  readonly file: FilePair;
  /** Pixels in a row, and rows, of each image. */
  readonly width: number;
  readonly height: number;
  /** One, or as many raw images as came one after another. */
  readonly images: number;
  /** Over all strips. */
  readonly result: Pick<Result, 'backend' | 'reason' | 'device' | 'exactPixels' | 'shares' | 'fault'>;
  /** Decoding, transforming and encoding go on at the same time. */
  readonly decodeMs: number;
  readonly transformMs: number;
  readonly encodeMs: number;
  /** From the first row that is read to the file that is written. */
  readonly elapsedMs: number;
  readonly codecs: { readonly decoder: CodecUsed; readonly encoder: CodecUsed };
  readonly fileByteLength: number;
  /** Why the file was not replaced as a whole, a clause. */
  readonly inPlace?: string;
  /** Whether the bytes of another backend were compared with the reference's. */
  readonly verified: boolean;
  /** What the input holds besides the image: what was copied to the output, and what was not. */
  readonly kept: readonly Extra[];
  readonly dropped: readonly Extra[];
}

/** A file or a stream that is written piece by piece. */
export interface OutputStream {
  readonly take: TakeBytes;
  /** @returns why the file was written in place, if it was */
  readonly finish: () => Promise<string | undefined>;
  /** Leaves nothing behind. Harmless after `finish`. */
  readonly abandon: () => Promise<void>;
}

/** Runs a step of a file. */
export type Watch = <T>(name: string, step: () => Promise<T>) => Promise<T>;

/** What a file goes through. */
export interface Flow {
  readonly file: FilePair;
  readonly request: FileRequest;
  readonly transform: typeof transform;
  readonly openBackend: typeof openBackend;
  readonly isDistrusted: typeof isDistrusted;
  readonly output: OutputStream;
  readonly watch: Watch;
  /** For the strips. */
  readonly maxBytes: number;
  /** Called with the pixels done so far, and those of the image; of raw images nobody knows how many come. */
  readonly onPixels: (done: number, all: number | undefined) => void;
  /** Called with the backend that ran, once it is known. */
  readonly onBackend: (name: BackendName) => void;
}

/**
 * Transforms an image file into another one.
 *
 * @param openAgain absent for what can be read only once
 */
export async function transformImageFile(
  reader: ImageReader,
  flow: Flow,
  openAgain: (() => Promise<ImageReader>) | undefined,
): Promise<Done> {
  const { request, file, output, watch } = flow;
  const tally = new Tally(flow);
  const copied: MetadataChunk[] = [];
  const newCopies = () => {
    const copies = copiesOf(keptOf(reader.extras, request)).filter((copy) => !copied.includes(copy));
    copied.push(...copies);
    return copies;
  };
  const { width, height, channels } = reader;
  const image = { width, height, channels, isOpaque: isOpaqueResult(reader, request) };
  const take: TakeBytes = (pieces) => watch(`write ${file.output}`, () => output.take(pieces));
  const options = { compression: request.compression, metadata: newCopies() };
  const written = createImageFile(take, image, options, outputFormat(file.output, request.format));
  let isBegun = false;
  const write = (rows: CheckedImage) => {
    // The file is begun while the first rows are encoded, and not before: a signal would wait for the reference.
    if (!isBegun) take([]).catch(() => {}); // a failure comes again
    isBegun = true;
    return written.write(rows);
  };
  // What follows the image in its file is known at its end.
  const writer: RowWriter = { write, finish: () => written.finish(newCopies()) };
  await tally.transformRows(reader, writer, width * height, openAgain);
  tally.checkTrust();
  const inPlace = await watch(`write ${file.output}`, output.finish);
  const extras = written.keepsMetadata ? reader.extras : reader.extras.map((extra) => ({ ...extra, copies: [] }));
  const kept = keptOf(extras, request);
  return {
    ...tally.done({ width, height }, 1),
    codecs: { decoder: reader.codec, encoder: written.codec },
    fileByteLength: written.byteLength,
    ...(inPlace !== undefined && { inPlace }),
    kept,
    dropped: extras.filter((extra) => !kept.includes(extra)),
  };
}

/** As many images in memory as {@link transformEach} has under way: inputs, outputs, and one that comes in. */
const IMAGES_HELD = 6;

/** Whether raw images are worked on as a whole, several at a time, and not in strips. */
function areHeldWhole({ width, height, channels }: ImageShape, maxBytes: number): boolean {
  return IMAGES_HELD * width * height * channels <= maxBytes;
}

/** The most bytes of raw images that are held at a time. @throws NeighborProductError `OUT_OF_MEMORY` */
export function bytesOfRaw(size: ImageShape, operation: Operation, maxBytes: number): number {
  if (!areHeldWhole(size, maxBytes)) return bytesHeld(size, operation, maxBytes);
  return IMAGES_HELD * size.width * size.height * size.channels;
}

const RAW_CODEC = { name: 'none', detail: 'raw samples' } as const;

/**
 * Transforms raw images one after another, until the input ends.
 *
 * @throws NeighborProductError `INVALID_IMAGE` if it ends within one, or is empty
 */
export async function transformRawFile(input: Input, flow: Flow): Promise<Done> {
  const { file, output, request, watch } = flow;
  const size = request.raw!;
  const { width, height } = size;
  const tally = new Tally(flow);
  const source = new RawSource(input);
  let [images, byteLength] = [0, 0];
  const take: TakeBytes = async (pieces) => {
    for (const piece of pieces) byteLength += piece.length;
    await watch(`write ${file.output}`, () => output.take(pieces));
  };
  if (!(await source.hasMore())) throw incompleteImage(0, size);
  if (areHeldWhole(size, flow.maxBytes)) {
    for await (const { data } of transformEach(imagesIn(source.pieces(), size), (image) =>
      tally.transformImage(image),
    )) {
      await tally.encode.time(() => take([data]));
      images++;
      flow.onPixels(images * width * height, undefined);
    }
  } else {
    let writing = Promise.resolve();
    const write = ({ data }: CheckedImage) => {
      writing = writing.then(() => take([data])); // in their order
      return writing;
    };
    const writer: RowWriter = { write, finish: async () => {} };
    for (; await source.hasMore(); images++)
      await tally.transformRows(source.nextImage(size), writer, undefined, undefined);
  }
  tally.checkTrust();
  const inPlace = await watch(`write ${file.output}`, output.finish);
  return {
    ...tally.done({ width, height }, images),
    codecs: { decoder: RAW_CODEC, encoder: RAW_CODEC },
    fileByteLength: byteLength,
    ...(inPlace !== undefined && { inPlace }),
    kept: [],
    dropped: [],
  };
}

/** How long something took that goes on several times at once. */
class Clock {
  elapsedMs = 0;
  #running = 0;
  #startMs = 0;

  async time<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running++ === 0) this.#startMs = performance.now();
    try {
      return await work();
    } finally {
      if (--this.#running === 0) this.elapsedMs += performance.now() - this.#startMs;
    }
  }
}

/** Two to four milliseconds of one core, by the instruction set. */
const PIXELS_WORTH_ALL_CORES = 2 ** 21;

/** Which take longer than reading and writing an image. */
const MANY_PASSES = 8;

/** Transforms, and notes how long each step took and what the transforms of all strips said. */
class Tally {
  readonly decode = new Clock();
  readonly encode = new Clock();
  readonly #transform = new Clock();
  readonly #flow: Flow;
  readonly #startMs = performance.now();
  readonly #shares = new ShareSum<BackendName>();
  readonly #trust: Trust;
  #last: Result | undefined;
  #exactPixels = 0;
  #fault: string | undefined;

  constructor(flow: Flow) {
    this.#flow = flow;
    this.#trust = new Trust(flow.isDistrusted);
  }

  /** @throws NeighborProductError `BACKEND_FAILED` where rows that were written may be wrong */
  checkTrust(): void {
    this.#trust.check();
  }

  /** @param imagePixels of the image, where it is the only one */
  transformRows(
    reader: RowReader,
    writer: RowWriter,
    imagePixels: number | undefined,
    openAgain: (() => Promise<RowReader>) | undefined,
  ): Promise<void> {
    const { request, openBackend, watch, maxBytes, onPixels } = this.#flow;
    const flowing = transformRows(
      this.#timedReader(reader),
      {
        write: (rows) => this.encode.time(() => watch('encode', () => writer.write(rows))),
        finish: () => this.encode.time(() => watch('encode', writer.finish)),
      },
      request,
      async (input, output, strip) => {
        await this.#run(input, output, strip);
      },
      { maxBytes, onRows: (rows) => onPixels(rows * reader.width, imagePixels), signal: request.signal },
      openAgain && (async () => this.#timedReader(await openAgain())),
    );
    void openBackend(request.backend, { ...request, pixels: reader.width * reader.height }); // while the first rows are read
    return flowing;
  }

  /** A whole image into new memory. */
  async transformImage(input: CheckedImage): Promise<CheckedImage> {
    const { height } = input;
    return (await this.#run(input, undefined, { firstHeld: 0, firstRow: 0, endRow: height, endHeld: height })).image;
  }

  done(size: Pick<Done, 'width' | 'height'>, images: number) {
    const { shares } = this.#shares;
    const reason = shares.length > 1 ? SHARED : this.#last!.reason;
    const [{ backend, device }] = shares;
    const fault = this.#fault;
    return {
      kind: 'done' as const,
      file: this.#flow.file,
      ...size,
      images,
      result: {
        backend,
        reason,
        device,
        shares,
        exactPixels: this.#exactPixels,
        ...(fault !== undefined && { fault }),
      },
      decodeMs: this.decode.elapsedMs,
      transformMs: this.#transform.elapsedMs,
      encodeMs: this.encode.elapsedMs,
      elapsedMs: performance.now() - this.#startMs,
      verified: this.#isVerified({ backend }),
    };
  }

  async #run(input: CheckedImage, output: CheckedImage | undefined, strip: StripRows): Promise<Result> {
    const { request, transform, watch } = this.#flow;
    const { backend, alpha, border, passes, gpuTimeoutMs, auditSeed, signal } = request;
    const threads = request.threads ?? this.#threadsFor(input, strip);
    const options = { backend, alpha, border, passes, threads, gpuTimeoutMs, auditSeed, output, signal };
    const result = await this.#transform.time(() => watch('transform', () => transform(input, options)));
    if (this.#isVerified(result)) verify(input, result.image, request, strip);
    this.#trust.note(result.shares);
    this.checkTrust();
    this.#shares.add(result.shares);
    if (this.#last === undefined) this.#flow.onBackend(result.backend);
    this.#last = result;
    this.#exactPixels += result.exactPixels;
    this.#fault ??= result.fault;
    return result;
  }

  /**
   * One for each pass, up to half of the cores: reading and writing go on meanwhile and take longer than a pass on one core.
   * All cores for many passes, beside which these count little, and for what is computed when everything is read; of a
   * small image threads would take longer to start than to compute.
   */
  #threadsFor(
    { width, height }: CheckedImage,
    { firstHeld, firstRow, endRow, endHeld }: StripRows,
  ): number | undefined {
    const isWhole = firstHeld === firstRow && endHeld === endRow;
    const { passes } = this.#flow.request;
    const pixels = width * height * passes;
    if (isWhole && pixels > PIXELS_WORTH_ALL_CORES) return undefined;
    const cores = passes >= MANY_PASSES ? availableCores() : availableCores() >> 1;
    return defaultThreads(pixels, Math.max(1, Math.min(passes, cores)));
  }

  #isVerified({ backend }: Pick<Result, 'backend'>): boolean {
    return this.#flow.request.verify === true && !isOracle(backend);
  }

  #timedReader(reader: RowReader): RowReader {
    const { width, height, channels } = reader;
    const step = <T>(work: () => Promise<T>) => this.decode.time(() => this.#flow.watch('decode', work));
    return {
      width,
      height,
      channels,
      read: (rows) => step(() => reader.read(rows)),
      finish: () => step(() => reader.finish()),
      close: () => reader.close(),
    };
  }
}

/** Whether alpha of the result is 255 everywhere, as far as that is known before its pixels. */
function isOpaqueResult(reader: ImageReader, { alpha, border }: FileRequest): boolean {
  // Pixels that are left out are transparent.
  if (leavesEdges(border) || alpha === 'channel') return false;
  return alpha === 'opaque' || reader.isOpaque;
}

function keptOf(extras: readonly Extra[], { metadata }: FileRequest): readonly Extra[] {
  return metadata === 'keep' ? extras.filter(({ copies }) => copies.length > 0) : [];
}

/** Two extras may be in the same chunk. */
function copiesOf(kept: readonly Extra[]): MetadataChunk[] {
  return [...new Set(kept.flatMap(({ copies }) => copies))];
}
