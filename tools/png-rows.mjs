/**
 * PNG files of any height in bounded memory, row by row: 8-bit RGB and RGBA, not interlaced. For the other tools, which
 * check what src/formats writes, so it shares no code with it. Needs Node 20.15, for the CRC-32.
 */
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createDeflate, createInflate } from 'node:zlib';

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const CHANNELS_BY_COLOUR_TYPE = { 2: 3, 6: 4 };
const COLOUR_TYPE_BY_CHANNELS = { 3: 2, 4: 6 };
/** Of one read, and of one write to zlib. */
const PIECE_BYTES = 2 ** 20;
/** Of the data of one IDAT chunk. Small, so that most files have several. */
const IDAT_BYTES = 2 ** 16;

/** A file that is not what was expected. */
export class PngError extends Error {}

/**
 * Writes a PNG file. Its rows take turns with the filters, so a reader needs all of them.
 *
 * @param {string} path
 * @param {{ width: number, height: number, channels: 3 | 4 }} image
 * @param {(y: number, row: Uint8Array) => void} drawRow writes the samples of row y; called for each row in order
 */
export async function writePng(path, image, drawRow) {
  const deflate = createDeflate({ level: 1, chunkSize: IDAT_BYTES });
  const chunks = (pieces) => pngChunks(image, pieces);
  // Draws a piece while zlib packs the one before.
  const pieces = Readable.from(filteredRows(image, drawRow), { highWaterMark: 2 });
  await pipeline(pieces, deflate, chunks, createWriteStream(path));
}

async function* pngChunks({ width, height, channels }, pieces) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, COLOUR_TYPE_BY_CHANNELS[channels], 0, 0, 0], 8);
  yield SIGNATURE;
  yield chunk('IHDR', header);
  for await (const piece of pieces) yield chunk('IDAT', piece);
  yield chunk('IEND', Buffer.alloc(0));
}

function chunk(type, data) {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, data.length + 8)), data.length + 8);
  return bytes;
}

function* filteredRows({ width, height, channels }, drawRow) {
  const rowBytes = width * channels;
  let [above, row] = [createRow(width, channels), createRow(width, channels)];
  const pieceRows = Math.max(1, Math.floor(PIECE_BYTES / (1 + rowBytes)));
  for (let first = 0; first < height; first += pieceRows) {
    const rows = Math.min(pieceRows, height - first);
    const piece = Buffer.allocUnsafeSlow(rows * (1 + rowBytes));
    for (let index = 0; index < rows; index++) {
      drawRow(first + index, row.subarray(channels));
      const at = index * (1 + rowBytes);
      piece[at] = filterOf(first + index);
      filterRow(piece[at], row, above, channels, piece.subarray(at + 1, at + 1 + rowBytes));
      [above, row] = [row, above];
    }
    yield piece;
  }
}

/** A row of zeros behind one more pixel: PNG predicts the first pixel from zeros, too. */
function createRow(width, channels) {
  return new Uint8Array((1 + width) * channels);
}

/** Sub, Up, Average and Paeth in turn; None seldom, since it hardly compresses. */
function filterOf(y) {
  return y % 32 === 5 ? 0 : 1 + (y % 4);
}

/** One loop for each filter, here and below: these loops take most of the time. */
function filterRow(filter, row, above, channels, out) {
  const length = out.length;
  const here = row.subarray(channels);
  if (filter === 0) out.set(here);
  if (filter === 1) for (let at = 0; at < length; at++) out[at] = here[at] - row[at];
  if (filter === 2) for (let at = 0; at < length; at++) out[at] = here[at] - above[at + channels];
  if (filter === 3) for (let at = 0; at < length; at++) out[at] = here[at] - ((row[at] + above[at + channels]) >> 1);
  if (filter === 4) {
    for (let at = 0; at < length; at++) out[at] = here[at] - paeth(row[at], above[at + channels], above[at]);
  }
}

function unfilterRow(filter, row, above, channels) {
  const here = row.subarray(channels);
  const length = here.length;
  if (filter === 1) for (let at = 0; at < length; at++) here[at] += row[at];
  if (filter === 2) for (let at = 0; at < length; at++) here[at] += above[at + channels];
  if (filter === 3) for (let at = 0; at < length; at++) here[at] += (row[at] + above[at + channels]) >> 1;
  if (filter === 4) {
    for (let at = 0; at < length; at++) here[at] += paeth(row[at], above[at + channels], above[at]);
  }
}

function paeth(left, above, aboveLeft) {
  const toLeft = Math.abs(above - aboveLeft);
  const toAbove = Math.abs(left - aboveLeft);
  const toAboveLeft = Math.abs(left + above - 2 * aboveLeft);
  if (toLeft <= toAbove && toLeft <= toAboveLeft) return left;
  return toAbove <= toAboveLeft ? above : aboveLeft;
}

/**
 * Opens a PNG file. Every chunk's CRC is checked, zlib checks the samples, and there must be as many rows as the header says.
 *
 * @param {string} path
 * @returns {Promise<{ width: number, height: number, channels: 3 | 4, rows: () => AsyncGenerator<Uint8Array> }>} `rows`
 * reads the file from its start; a row is valid until the next one is asked for
 * @throws PngError, also while the rows are read
 */
export async function openPng(path) {
  const chunks = readChunks(path);
  const { value: header } = await chunks.next();
  await chunks.return();
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)];
  const [depth, colourType, , , interlace] = header.data.subarray(8);
  const channels = CHANNELS_BY_COLOUR_TYPE[colourType];
  if (header.type !== 'IHDR' || depth !== 8 || channels === undefined || interlace !== 0) {
    const actual = `${header.type} ${header.data.subarray(8).join(' ')}`;
    throw new PngError(`Expected 8-bit RGB or RGBA without interlacing in ${path}, but received ${actual}.`);
  }
  return { width, height, channels, rows: () => readRows(path, { width, height, channels }) };
}

async function* readRows(path, { width, height, channels }) {
  const rowBytes = width * channels;
  let [above, row] = [createRow(width, channels), createRow(width, channels)];
  let filter;
  let filled = 0;
  let y = 0;
  for await (const piece of inflated(path)) {
    for (let at = 0; at < piece.length; ) {
      if (y === height) throw new PngError(`Expected ${height} rows in ${path}, but there is more data.`);
      if (filter === undefined) {
        filter = piece[at++];
        if (filter > 4) throw new PngError(`Expected filter 0 to 4 of row ${y} in ${path}, but received ${filter}.`);
      }
      const part = piece.subarray(at, at + rowBytes - filled);
      row.set(part, channels + filled);
      at += part.length;
      filled += part.length;
      if (filled < rowBytes) continue;
      unfilterRow(filter, row, above, channels);
      yield row.subarray(channels);
      [above, row] = [row, above];
      [filter, filled] = [undefined, 0];
      y++;
    }
  }
  if (y < height) throw new PngError(`Expected ${height} rows in ${path}, but received ${y}.`);
}

/** The filtered rows in pieces. */
async function* inflated(path) {
  const inflate = createInflate({ chunkSize: PIECE_BYTES });
  // Its failures reach the reader below, whose stream it destroys.
  pipeline(Readable.from(imageData(path)), inflate).catch(() => {});
  try {
    yield* inflate;
  } catch (error) {
    throw error instanceof PngError ? error : new PngError(`Cannot read ${path}: ${error.message}.`);
  }
}

async function* imageData(path) {
  for await (const { type, data } of readChunks(path)) if (type === 'IDAT') yield data;
}

/** The chunks of a file in pieces: a chunk may be as large as the file, one without data is no piece. */
async function* readChunks(path) {
  const file = await open(path);
  try {
    let position = 0;
    const read = async (byteLength) => {
      const bytes = Buffer.allocUnsafeSlow(byteLength);
      for (let filled = 0; filled < byteLength; ) {
        const { bytesRead } = await file.read(bytes, filled, byteLength - filled, position);
        if (bytesRead === 0) throw new PngError(`Expected more of ${path}, but it ends after ${position} bytes.`);
        filled += bytesRead;
        position += bytesRead;
      }
      return bytes;
    };
    if (!(await read(SIGNATURE.length)).equals(SIGNATURE)) throw new PngError(`Expected a PNG file in ${path}.`);
    for (let type; type !== 'IEND'; ) {
      const head = await read(8);
      type = head.toString('latin1', 4);
      let crc = crc32(head.subarray(4));
      for (let left = head.readUInt32BE(0); left > 0; ) {
        const data = await read(Math.min(left, PIECE_BYTES));
        crc = crc32(data, crc);
        left -= data.length;
        yield { type, data };
      }
      if ((await read(4)).readUInt32BE(0) !== crc) {
        throw new PngError(`The CRC of the ${type} chunk before byte ${position} of ${path} is wrong.`);
      }
    }
  } finally {
    await file.close();
  }
}
