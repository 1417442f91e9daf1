/**
 * What dealing costs and brings: node bench/dealing.mjs [--sizes half,4k,8k] [--rounds N] [--threads N] after npm run build.
 * `auto` against the CPU alone, interleaved, medians in milliseconds of calls with a kept output, for
 *
 * - the GPU that there is; with NEIGHBOR_PRODUCT_SOFTWARE_GPU=1 one in software, on the same cores;
 * - a device made for this: it takes as long for a pixel as the CPU does, in the order of its strips, answers with bytes that
 *   were computed before, and keeps an image for several passes at a tenth of that.
 *
 * Every result is compared with the CPU's.
 */
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { BACKENDS } from '../dist/backends.js';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { availableCores } from '../dist/cores.js';
import { Host } from '../dist/host.js';
import { createImage } from '../dist/image.js';
import { Selector } from '../dist/selector.js';
import { photographOf } from './photograph.mjs';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'half,4k,8k' },
    rounds: { type: 'string', default: '15' },
    threads: { type: 'string' },
  },
});
const ROUNDS = Number(options.rounds);
const threads = options.threads === undefined ? undefined : Number(options.threads);
const OPERATION = { alpha: 'opaque', border: 'wrap' };
/** Until a GPU is open and its speed is known. */
const WARM_UP_MS = 4000;

const cpu = new Selector(BACKENDS);

async function computed(
  selector,
  input,
  passes,
  choice,
  output = createImage(input.width, input.height, input.channels),
) {
  await selector.run(input, output, { ...OPERATION, passes }, { threads }, choice);
  return output;
}

async function nsPerPixel(input) {
  const output = createImage(input.width, input.height, input.channels);
  const times = [];
  for (let round = 0; round < 9; round++) times.push(await timed(() => computed(cpu, input, 1, 'cpu', output)));
  return (median(times) * 1e6) / (input.width * input.height);
}

async function compare(size, passes, device, selector, results) {
  const [input, expected] = [results[0], results[passes]];
  const output = createImage(input.width, input.height, input.channels);
  const times = { auto: [], cpu: [] };
  const rows = {};
  let isOpening = true;
  const runAuto = async () => {
    let shares;
    const elapsedMs = await timed(async () => {
      ({ shares } = await selector.run(input, output, { ...OPERATION, passes }, { threads }, 'auto'));
    });
    if (Buffer.compare(output.data, expected.data) !== 0) throw new Error('auto gave other bytes');
    if (!isOpening) for (const share of shares) rows[share.backend] = (rows[share.backend] ?? 0) + share.rows;
    return elapsedMs;
  };
  for (const endMs = performance.now() + WARM_UP_MS; performance.now() < endMs; ) await runAuto();
  isOpening = false;
  for (let round = 0; round < ROUNDS; round++) {
    const both = {
      auto: async () => times.auto.push(await runAuto()),
      cpu: async () => times.cpu.push(await timed(() => computed(cpu, input, passes, 'cpu', output))),
    };
    for (const name of round % 2 ? ['auto', 'cpu'] : ['cpu', 'auto']) await both[name]();
  }
  await selector.dispose();
  const all = Object.values(rows).reduce((sum, count) => sum + count, 0);
  const shares = Object.entries(rows).map(([name, count]) => `${name} ${((100 * count) / all).toFixed(2)} %`);
  const ratio = median(times.auto) / median(times.cpu);
  process.stdout.write(
    `${size}, ${passes} passes, ${device}: auto ${median(times.auto).toFixed(2)}, cpu ${median(times.cpu).toFixed(2)}, ratio ${ratio.toFixed(3)}; ${shares.join(', ')}\n`,
  );
}

async function timed(work) {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** Waits in threads of its own, as a driver does, so that this one is free. */
class Device {
  stripsAtOnce = 3;
  residentPixels = Number.POSITIVE_INFINITY;
  #nsPerPixel;
  #results;
  #freeMs = 0;
  #threads = Array.from({ length: this.stripsAtOnce }, () => new Worker(WAITING, { eval: true }));

  constructor(nsPerPixel, results) {
    this.#nsPerPixel = nsPerPixel;
    this.#results = results;
  }

  maxRows() {
    return Number.POSITIVE_INFINITY;
  }

  async compute({ input, region, output, passes }, { signal }) {
    const [first, end] = [region.first.y * input.rowBytes, region.end.y * input.rowBytes];
    const pixels = (end - first) / input.channels;
    const workMs = (pixels * this.#nsPerPixel * (passes === 1 ? 1 : 1 + passes / 10)) / 1e6;
    this.#freeMs = Math.max(this.#freeMs, performance.now()) + workMs;
    await this.#wait(this.#freeMs - performance.now());
    signal?.throwIfAborted();
    output.data.set(this.#results[this.#indexOf(input) + passes].data.subarray(first, end));
    return { device: 'a device made for this', exactPixels: 0 };
  }

  #wait(ms) {
    const thread = this.#threads.pop();
    return new Promise((resolve) => {
      thread.once('message', () => resolve(this.#threads.push(thread)));
      thread.postMessage(Math.max(0, ms));
    });
  }

  /** After how many passes an image is like this, by a sample of its bytes. */
  #indexOf({ data }) {
    const isLike = (result) => {
      const step = Math.ceil(data.length / 20_000) | 1;
      for (let at = 7; at < data.length; at += step) if (result.data[at] !== data[at]) return false;
      return true;
    };
    return this.#results.findIndex((result) => result.data === data || isLike(result));
  }

  dispose() {}
}

const WAITING = `
  const { parentPort } = require('node:worker_threads');
  const cell = new Int32Array(new SharedArrayBuffer(4));
  parentPort.on('message', (ms) => {
    if (ms > 0) Atomics.wait(cell, 0, 0, ms);
    parentPort.postMessage(0);
  });
`;

process.stdout.write(`${availableCores()} cores, ${threads ?? 'as many'} threads, medians of ${ROUNDS}\n`);
for (const name of options.sizes.split(',')) {
  const { width, height } = NAMED_SIZES[name];
  const input = photographOf(width, height);
  const results = [input];
  for (const passes of [1, 16]) {
    while (results.length <= passes) results.push(await computed(cpu, results.at(-1), 1, 'cpu'));
    await compare(name, passes, 'GPU of this machine', new Selector(BACKENDS), results);
    const device = new Device(await nsPerPixel(input), results);
    const open = async () => ({ transformer: new Host(device) });
    await compare(
      name,
      passes,
      'device as fast as the CPU',
      new Selector([{ ...BACKENDS[0], open }, ...BACKENDS.slice(1)]),
      results,
    );
  }
}
process.exit(); // the workers wait
