/**
 * Compares a transformed PNG file of any height with the reference, byte by byte, in bounded memory:
 *
 *     node tools/check-large.mjs IN.png OUT.png [--border MODE] [--alpha MODE] [--passes N]
 *
 * Exit code 1 for a difference, whose place is printed, 2 for files that cannot be compared. Run `npm run build` first:
 * the reference is dist/reference.js. It computes strips, on several threads: each as an image of its own with a few rows
 * more above and below, whose results are dropped. Memory grows with the width and the number of passes, not the height.
 * A gigapixel takes some three minutes on two cores.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { checkOperation } from '../dist/options.js';
import { transformReference } from '../dist/reference.js';
import { openPng, PngError } from './png-rows.mjs';

const STRIP_ROWS = 64;
/** A wide image has lower strips. */
const STRIP_BYTES = 2 ** 24;
/** Images are compared as RGBA, as the command computes them: RGB stands for an alpha of 255. */
const CHANNELS = 4;
const MOST_WORKERS = 8;

/**
 * @param {string} inputPath
 * @param {string} outputPath
 * @param {import('../src/options.js').OperationOptions} options
 * @returns {Promise<{ rows: number, difference?: { x: number, y: number, channel: number, expected: number, actual: number } }>}
 * the first difference, and how many rows were compared
 * @throws PngError for a file that is damaged or has another size
 */
export async function checkLarge(inputPath, outputPath, options) {
  const operation = checkOperation(options);
  const [input, output] = [await openPng(inputPath), await openPng(outputPath)];
  const { width, height } = input;
  if (output.width !== width || output.height !== height) {
    const actual = `${output.width}x${output.height}`;
    throw new PngError(`Expected ${width}x${height} pixels in ${outputPath}, but received ${actual}.`);
  }
  const stripRows = Math.min(STRIP_ROWS, Math.max(1, Math.floor(STRIP_BYTES / (width * CHANNELS))));
  const memory = { width, stripRows, inputRows: stripRows + 2 * operation.passes, operation };
  const workers = Array.from({ length: Math.max(2, Math.min(availableParallelism(), MOST_WORKERS)) }, () => {
    return startWorker(memory);
  });
  const inputRows = input.rows();
  const outputRows = output.rows();
  try {
    const window = await createWindow(input, inputRows, operation, memory.inputRows);
    let rows = 0;
    const differences = [];
    for (let y = 0; y < height && differences.length === 0; y += stripRows) {
      const worker = await Promise.race(workers.map(({ idle }) => idle));
      const end = Math.min(y + stripRows, height);
      const strip = await window.copyTo(worker.input, y, end);
      for (let row = 0; row < end - y; row++) await takeRow(outputRows, output.channels, worker.output, row);
      worker.compare({ ...strip, y, rows: end - y }, (difference) => {
        if (difference) differences.push(difference);
        rows += end - y;
      });
    }
    await Promise.all(workers.map(({ idle }) => idle));
    if (differences.length > 0) return { rows, difference: differences.sort((a, b) => a.y - b.y)[0] };
    // What is left of the files: too many rows, a damaged end.
    for (const left of [inputRows, outputRows]) await left.next();
    return { rows };
  } finally {
    await Promise.all([inputRows.return(), outputRows.return(), ...workers.map(({ worker }) => worker.terminate())]);
  }
}

/**
 * The rows of the input that strips need, in order. Beyond the edges there are none, except for the border `wrap`: there
 * those of the other end, for which the file is read once before.
 */
async function createWindow(input, inputRows, { border, passes }, mostRows) {
  const { width, height, channels } = input;
  const rowBytes = width * CHANNELS;
  const [first, end] = border === 'wrap' ? [-passes, height + passes] : [0, height];
  const wrapped = border === 'wrap' ? await readEnds(input, passes) : undefined;
  const kept = new Uint8Array(mostRows * rowBytes);
  let keptFirst = first;
  let next = first;

  /** Forgets the rows above `from` and reads those before `to`. */
  async function moveTo(from, to) {
    kept.copyWithin(0, (from - keptFirst) * rowBytes, (next - keptFirst) * rowBytes);
    keptFirst = from;
    for (; next < to; next++) {
      const index = next - keptFirst;
      if (next >= 0 && next < height) await takeRow(inputRows, channels, kept, index);
      else kept.set(wrapped.get((next + passes * height) % height), index * rowBytes);
    }
  }

  return {
    /** Copies rows `y` to `stripEnd` and the ones around them; says how many, and at which of them the strip begins. */
    async copyTo(memory, y, stripEnd) {
      const [from, to] = [Math.max(first, y - passes), Math.min(end, stripEnd + passes)];
      await moveTo(from, to);
      memory.set(kept.subarray(0, (to - from) * rowBytes));
      return { inputRows: to - from, top: y - from };
    },
  };
}

/** The first and the last `count` rows by their number. */
async function readEnds({ height, channels, rows }, count) {
  const ends = new Map();
  let y = 0;
  for await (const row of rows()) {
    if (y < count || y >= height - count) ends.set(y, toRgba(row, channels));
    y++;
  }
  return ends;
}

async function takeRow(rows, channels, memory, index) {
  const { value } = await rows.next();
  const rgba = toRgba(value, channels);
  memory.set(rgba, index * rgba.length);
}

function toRgba(row, channels) {
  if (channels === CHANNELS) return row.slice();
  const rgba = new Uint8Array((row.length / 3) * CHANNELS).fill(255);
  for (let from = 0, to = 0; from < row.length; from += 3, to += CHANNELS) {
    rgba[to] = row[from];
    rgba[to + 1] = row[from + 1];
    rgba[to + 2] = row[from + 2];
  }
  return rgba;
}

/** A thread that compares strips in memory that both threads see: it is idle, filled, and busy, in turn. */
function startWorker({ width, stripRows, inputRows, operation }) {
  const [input, output] = [inputRows, stripRows].map((rows) => {
    return new Uint8Array(new SharedArrayBuffer(rows * width * CHANNELS));
  });
  const worker = new Worker(new URL(import.meta.url), { workerData: { input, output, width, operation } });
  const self = { worker, input, output, compare, idle: undefined };
  self.idle = Promise.resolve(self);
  function compare(strip, onResult) {
    self.idle = new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (difference) => {
        worker.off('error', reject);
        onResult(difference);
        resolve(self);
      });
    });
    worker.postMessage(strip);
  }
  return self;
}

/** In a worker: the first difference in a strip, if there is one. */
function compareStrip({ input, output, width, operation, expected }, { inputRows, top, y, rows }) {
  const image = (data) => ({ data, width, height: inputRows, channels: CHANNELS, rowBytes: width * CHANNELS });
  const rowBytes = width * CHANNELS;
  const byteLength = inputRows * rowBytes;
  expected.fill(0, 0, byteLength);
  transformReference(image(input.subarray(0, byteLength)), image(expected.subarray(0, byteLength)), operation);
  const [right, actual] = [
    expected.subarray(top * rowBytes, (top + rows) * rowBytes),
    output.subarray(0, rows * rowBytes),
  ];
  if (Buffer.compare(right, actual) === 0) return undefined;
  const at = right.findIndex((sample, index) => sample !== actual[index]);
  const place = { x: Math.floor((at % rowBytes) / CHANNELS), y: y + Math.floor(at / rowBytes), channel: at % CHANNELS };
  return { ...place, expected: right[at], actual: actual[at] };
}

async function main(args) {
  const options = { border: { type: 'string' }, alpha: { type: 'string' }, passes: { type: 'string', default: '1' } };
  const startMs = performance.now();
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    if (positionals.length !== 2) throw new Error(`Expected IN.png OUT.png, but received ${positionals.length} files.`);
    const result = await checkLarge(...positionals, { ...values, passes: Number(values.passes) });
    const seconds = ((performance.now() - startMs) / 1e3).toFixed(1);
    // The system counts in KiB.
    const peakMb = Math.round((process.resourceUsage().maxRSS * 1024) / 1e6);
    const compared = `${result.rows} rows compared in ${seconds} s, at most ${peakMb} MB`;
    process.stdout.write(`${result.difference ? `${differenceText(result.difference)}; ` : ''}${compared}\n`);
    return result.difference ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

function differenceText({ x, y, channel, expected, actual }) {
  return `Expected ${expected} in channel ${channel} of pixel ${x},${y}, but received ${actual}`;
}

if (!isMainThread) {
  const expected = new Uint8Array(workerData.input.length);
  parentPort.on('message', (strip) => parentPort.postMessage(compareStrip({ ...workerData, expected }, strip)));
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
