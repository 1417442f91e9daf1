/**
 * Rows to a PNG file, written while they come: bands of rows are filtered and compressed on several threads, each ending at
 * a byte, and put into the file in their order, as pigz does. The pixels are exactly the image's.
 */
import { promisify } from 'node:util';
import { constants, deflateRaw, type InputType, type ZlibOptions } from 'node:zlib';
import { availableCores } from '../../cpu/cores.js';
import { type CheckedImage, rowsOf } from '../../image.js';
import type { RowWriter } from '../../rows.js';
import { Semaphore } from '../../semaphore.js';
import type { MetadataChunk } from '../extra.js';
import { chunkBytes, HEADER_BYTES, PNG_SIGNATURE } from './chunks.js';
import { type Compression, DEFAULT_COMPRESSION, type EncodeOptions } from './codec.js';
import { joinChecksums, NONE, PAETH, type RowsToEncode, SUB } from './filter.js';
import { chooseRowCodec, type RowCodec } from './row-codec.js';

/** Takes the bytes of a file in their order. They may change once the promise resolves. */
export type TakeBytes = (pieces: readonly Uint8Array[]) => Promise<void>;

/** An image that is going to be written. */
export interface ImageToWrite extends Pick<CheckedImage, 'width' | 'height' | 'channels'> {
  /** Whether alpha is 255 everywhere, so that it can be left out. */
  readonly isOpaque: boolean;
}

/** A way to compress a band. */
interface Setting {
  readonly filter: number;
  /** For zlib. Absent: the addon compresses. */
  readonly zlib?: ZlibOptions;
}

const RUNS: ZlibOptions = { strategy: constants.Z_RLE };

/**
 * Settings worth trying, the fastest first: images differ in which gives the smallest file. Runs of a byte suit
 * photographs, where they beat matching at any level; matching suits text and drawings.
 */
const SETTINGS: Readonly<Record<Compression, readonly Setting[]>> = {
  fast: [{ filter: SUB }],
  balanced: [
    { filter: PAETH },
    { filter: NONE },
    { filter: NONE, zlib: { level: 6 } },
    { filter: PAETH, zlib: { level: 6 } },
  ],
  small: [{ filter: PAETH }, { filter: NONE, zlib: { level: 9 } }, { filter: PAETH, zlib: { level: 9 } }],
};

/** The same without the addon; what takes long in JavaScript is left out. */
const PLAIN_SETTINGS: Readonly<Record<Compression, readonly Setting[]>> = {
  fast: [{ filter: SUB, zlib: RUNS }],
  balanced: [
    { filter: PAETH, zlib: RUNS },
    { filter: NONE, zlib: { level: 6 } },
  ],
  small: [
    { filter: PAETH, zlib: RUNS },
    { filter: NONE, zlib: { level: 9 } },
    { filter: PAETH, zlib: { level: 9 } },
  ],
};

/** How much larger than the smallest one a faster setting's file may be. */
const TOLERANCE: Readonly<Record<Compression, number>> = { fast: Number.POSITIVE_INFINITY, balanced: 1.15, small: 1 };

/** Settings are tried anew after so many bytes of rows. */
const TRY_AGAIN_BYTES = 2 ** 25;

/** What settings are tried on: so many groups of rows, evenly spaced. */
const GROUPS = 4;
const GROUP_PIXELS = 2 ** 12;
/** Filters look at the row above, matching at more of them. */
const LEAST_GROUP_ROWS = 4;

/** Bytes of rows in a band. */
const BAND_BYTES = 2 ** 20;

/** Less image data gets no chunk of its own, which takes 12 bytes besides. */
const LEAST_CHUNK_BYTES = 2 ** 15;

/** How far back deflate can refer. */
const WINDOW_BYTES = 2 ** 15;

/** Of the zlib stream that the image data is: deflate, a window of 32 KiB. */
const ZLIB_HEADER = Uint8Array.of(0x78, 0x01);
/** The last block, which is empty. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

const deflateRawOffThread = promisify<InputType, ZlibOptions, Buffer>(deflateRaw);

interface Band {
  readonly compressed: Uint8Array;
  /** Of the filtered rows. */
  readonly byteLength: number;
  readonly checksum: number;
}

/** PNG's colour types for three and four samples per pixel. */
const COLOUR_TYPES = { 3: 2, 4: 6 } as const;

/** Writes 8 bits a sample, truecolour with alpha where there is some, not interlaced. */
export class PngWriter implements RowWriter {
  /** Bytes of the file so far. */
  byteLength = 0;
  readonly #take: TakeBytes;
  readonly #codec: RowCodec;
  readonly #compression: Compression;
  readonly #channels: 3 | 4;
  readonly #threads = new Semaphore(availableCores());
  /** What goes before the first chunk of image data. */
  #head: readonly Uint8Array[];
  /** Image data that is in no chunk yet. */
  #imageData: Uint8Array[] = [ZLIB_HEADER];
  /** Resolves when all bands so far are written. */
  #written: Promise<unknown> = Promise.resolve();
  #checksum = 1;
  /** The last row so far, in memory of its own. */
  #above: Uint8Array | undefined;
  /** How the next band is compressed, and how many bytes ago that was tried. */
  #setting: Promise<Setting> | undefined;
  #sinceTried = 0;
  /** The last filtered bytes, for zlib. */
  #window: Promise<Uint8Array> = Promise.resolve(new Uint8Array());

  constructor(
    take: TakeBytes,
    { width, height, channels, isOpaque }: ImageToWrite,
    { compression = DEFAULT_COMPRESSION, metadata = [] }: EncodeOptions = {},
    codec: RowCodec = chooseRowCodec(),
  ) {
    this.#take = take;
    this.#codec = codec;
    this.#compression = compression;
    this.#channels = isOpaque ? 3 : channels;
    const ihdr = Buffer.alloc(HEADER_BYTES);
    ihdr.writeUInt32BE(width, 0);
    ihdr.writeUInt32BE(height, 4);
    ihdr.set([8, COLOUR_TYPES[this.#channels], 0, 0, 0], 8);
    this.#head = [PNG_SIGNATURE, ...chunkBytes('IHDR', ihdr), ...chunksOf(metadata)];
  }

  get codec() {
    return { name: 'neighbor-product', detail: this.#codec.detail };
  }

  /** Takes rows before the rows of the last call are done, so that threads need not wait for each other. */
  write(rows: CheckedImage): Promise<void> {
    const writtenBefore = this.#written;
    const bands = this.#encode(rows);
    this.#written = Promise.all([bands, writtenBefore]).then(([encoded]) => this.#writeBands(encoded));
    this.#written.catch(() => {}); // heard when the next rows come, or at the end
    return Promise.all([bands, writtenBefore]).then(() => {});
  }

  /** @param metadata chunks to write after the image */
  async finish(metadata: readonly MetadataChunk[] = []): Promise<void> {
    await this.#written;
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(this.#checksum);
    await this.#addImageData(Buffer.concat([LAST_BLOCK, checksum]), 0);
    await this.#takeBytes([...chunksOf(metadata), ...chunkBytes('IEND', new Uint8Array())]);
  }

  async #writeBands(bands: readonly Band[]): Promise<void> {
    for (const { compressed, byteLength, checksum } of bands) {
      this.#checksum = joinChecksums(this.#checksum, checksum, byteLength);
      await this.#addImageData(compressed, LEAST_CHUNK_BYTES);
    }
  }

  /** Writes a chunk once it is worth one. */
  async #addImageData(data: Uint8Array, leastBytes: number): Promise<void> {
    this.#imageData.push(data);
    if (this.#imageData.reduce((sum, { length }) => sum + length, 0) < leastBytes) return;
    const chunk = chunkBytes('IDAT', this.#imageData.length === 1 ? data : Buffer.concat(this.#imageData));
    const pieces = [...this.#head, ...chunk];
    this.#head = [];
    this.#imageData = [];
    await this.#takeBytes(pieces);
  }

  async #takeBytes(pieces: readonly Uint8Array[]): Promise<void> {
    this.byteLength += pieces.reduce((sum, { length }) => sum + length, 0);
    await this.#take(pieces);
  }

  #encode(rows: CheckedImage): Promise<Band[]> {
    const setting = this.#settingFor(rows);
    const stored = 1 + rows.width * this.#channels;
    const rowsInBand = Math.max(1, Math.floor(BAND_BYTES / stored));
    const bands: Promise<Band>[] = [];
    for (let y = 0; y < rows.height; y += rowsInBand) {
      const band = rowsOf(rows, y, Math.min(y + rowsInBand, rows.height));
      const above = y === 0 ? this.#above : rowsOf(rows, y - 1, y).data;
      bands.push(this.#threads.run(async () => this.#encodeBand(band, above, await setting)));
    }
    this.#above = rowsOf(rows, rows.height - 1, rows.height).data.slice(0, rows.width * rows.channels);
    return Promise.all(bands);
  }

  async #encodeBand(rows: CheckedImage, above: Uint8Array | undefined, { filter, zlib }: Setting): Promise<Band> {
    const byteLength = rows.height * (1 + rows.width * this.#channels);
    if (zlib === undefined) {
      const output = Buffer.allocUnsafeSlow(this.#codec.compressedBound!(byteLength));
      const encoded = await this.#codec.encode(this.#job(rows, above, filter, true, output));
      return { compressed: output.subarray(0, encoded.byteLength), byteLength, checksum: encoded.checksum };
    }
    const filtered = Buffer.allocUnsafeSlow(byteLength);
    const before = this.#window;
    const filtering = this.#codec.encode(this.#job(rows, above, filter, false, filtered));
    this.#window = filtering.then(() => filtered.subarray(-WINDOW_BYTES));
    this.#window.catch(() => {});
    const [{ checksum }, window] = await Promise.all([filtering, before]);
    const dictionary = window.length === 0 ? {} : { dictionary: window };
    const options = { ...zlib, ...dictionary, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: byteLength + 4096 };
    return { compressed: await deflateRawOffThread(filtered, options), byteLength, checksum };
  }

  #job(
    { data, width, height, channels, rowBytes }: CheckedImage,
    above: Uint8Array | undefined,
    filter: number,
    isCompressed: boolean,
    output: Uint8Array,
  ): RowsToEncode {
    const writtenChannels = this.#channels;
    return {
      rows: data,
      count: height,
      rowBytes,
      width,
      channels,
      writtenChannels,
      above,
      filter,
      isCompressed,
      output,
    };
  }

  #settingFor(rows: CheckedImage): Promise<Setting> {
    this.#sinceTried += rows.height * rows.width * this.#channels;
    if (this.#setting !== undefined && this.#sinceTried < TRY_AGAIN_BYTES) return this.#setting;
    this.#sinceTried = 0;
    const settings = (this.#codec.compressedBound ? SETTINGS : PLAIN_SETTINGS)[this.#compression];
    this.#setting =
      settings.length === 1 ? Promise.resolve(settings[0]) : this.#trySettings(settings, sampleRows(rows));
    return this.#setting;
  }

  /**
   * The first of several settings that is good enough, judged by a sample: which one is differs by factors between
   * photographs and drawings.
   */
  async #trySettings(settings: readonly Setting[], sample: CheckedImage): Promise<Setting> {
    const byteLengths = await Promise.all(settings.map((setting) => this.#sizeOf(sample, setting)));
    const enough = Math.min(...byteLengths) * TOLERANCE[this.#compression];
    return settings[byteLengths.findIndex((byteLength) => byteLength <= enough)];
  }

  async #sizeOf(sample: CheckedImage, { filter, zlib }: Setting): Promise<number> {
    const byteLength = sample.height * (1 + sample.width * this.#channels);
    const output = Buffer.allocUnsafeSlow(zlib ? byteLength : this.#codec.compressedBound!(byteLength));
    const encoded = await this.#codec.encode(this.#job(sample, undefined, filter, zlib === undefined, output));
    return zlib ? (await deflateRawOffThread(output, zlib)).length : encoded.byteLength;
  }
}

function chunksOf(metadata: readonly MetadataChunk[]): Uint8Array[] {
  return metadata.flatMap(({ type, data }) => chunkBytes(type, data));
}

/** Some of an image's rows; a low one is its own sample. */
export function sampleRows(image: CheckedImage): CheckedImage {
  const { width, height } = image;
  const groupRows = Math.max(LEAST_GROUP_ROWS, Math.floor(GROUP_PIXELS / width));
  if (height <= GROUPS * groupRows) return image;
  const groups = Array.from({ length: GROUPS }, (_, group) => {
    const top = Math.floor(((group + 0.5) * height) / GROUPS - groupRows / 2);
    return rowsOf(image, top, top + groupRows).data.subarray(0, groupRows * image.rowBytes);
  });
  return { ...image, data: Buffer.concat(groups), height: GROUPS * groupRows };
}
