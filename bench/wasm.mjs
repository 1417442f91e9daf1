/**
 * WebAssembly beside the instruction sets of the CPU and the reference: node bench/wasm.mjs [SECONDS]
 *
 * Whole calls on a photograph of 3840x2160, one backend after another in turn, with one thread and with two, nanoseconds a
 * pixel. The reference computes a tenth of it, since it takes so long. Fails where bytes differ.
 */
import { BACKENDS } from '../dist/backends.js';
import { photographOf } from './photograph.mjs';

const WIDTH = 3840;
const HEIGHT = 2160;
const OPERATION = { alpha: 'opaque', border: 'skip', passes: 1 };
const seconds = Number(process.argv[2] ?? 60);

const image = photographOf(WIDTH, HEIGHT);
const tenth = { ...image, height: HEIGHT / 10 };
const output = { ...image, data: new Uint8Array(image.data.length) };

const programs = [];
for (const { name, openDevices } of BACKENDS.filter(({ name }) => name !== 'gpu')) {
  for (const device of await openDevices()) {
    if (!('transformer' in device) || device.name.includes('portable')) continue;
    for (const threads of device.hasThreads ? [1, 2] : [1]) {
      programs.push({ label: `${device.name} ${threads}`, name, threads, transformer: device.transformer, times: [] });
    }
  }
}

async function nsPerPixel({ name, threads, transformer }) {
  const input = name === 'reference' ? tenth : image;
  const start = performance.now();
  await transformer.transform(input, { ...output, height: input.height }, OPERATION, { threads });
  return ((performance.now() - start) * 1e6) / (input.width * input.height);
}

let expected;
for (const program of programs.filter(({ name }) => name !== 'reference')) {
  output.data.fill(0);
  await nsPerPixel(program);
  expected ??= output.data.slice();
  if (Buffer.compare(expected, output.data) !== 0) throw new Error(`${program.label}: the bytes differ`);
}

const end = performance.now() + seconds * 1000;
while (performance.now() < end) for (const program of programs) program.times.push(await nsPerPixel(program));

const quantile = (values, part) => [...values].sort((a, b) => a - b)[Math.floor(part * values.length)];
const timesOf = (label) => programs.find((program) => program.label === label)?.times;
for (const { label, times } of programs) {
  const single = timesOf(label.replace(/\d+$/, '1'));
  const ratios = times.map((time, round) => single[round] / time);
  const row = [quantile(times, 0), quantile(times, 0.1), quantile(times, 0.5)]
    .map((time) => time.toFixed(2))
    .join('  ');
  const speedup = `${(quantile(single, 0) / quantile(times, 0)).toFixed(2)} of the least, ${quantile(ratios, 0.5).toFixed(2)}`;
  const beside = times === single ? '' : `  times one thread: ${speedup}`;
  process.stdout.write(`${label.padEnd(14)} least, tenth, median: ${row}${beside}\n`);
}
process.stdout.write(`${programs[0].times.length} rounds\n`);
process.exit(0);
