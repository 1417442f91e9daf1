/**
 * Whether `auto` chooses well: node bench/auto.mjs [--sizes half,4k,8k] [--rounds N] [--calls] [--commands] [--json FILE]
 * after npm run build. The same work by auto, gpu and cpu, interleaved, medians in milliseconds: warm calls of `transform`
 * with a new and a kept output, one pass and several, the cpu also with fewer threads; and whole runs of the command, PNG
 * to PNG. The image is the fixture, mirrored side by side. All results of a size must be the same.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { availableCores } from '../dist/cores.js';
import { dispose, transform } from '../dist/index.js';
import { encodePng } from '../dist/png.js';
import { photographOf } from './photograph.mjs';

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'half,4k,8k' },
    rounds: { type: 'string', default: '9' },
    calls: { type: 'boolean', default: false },
    commands: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
});
const ROUNDS = Number(options.rounds);
const COMMAND = new URL('../dist/cli/neighbor-product.cjs', import.meta.url).pathname;
const BACKENDS = ['auto', 'gpu', 'cpu'];
const MANY_PASSES = [4, 16, 64];

const cores = availableCores();
const report = { date: new Date().toISOString().slice(0, 10), cores, rounds: ROUNDS, calls: [], commands: [] };
const sizes = options.sizes.split(',').map((name) => NAMED_SIZES[name]);
const images = sizes.map(({ width, height }) => photographOf(width, height));
if (options.calls) for (const image of images) await measureCalls(image);
if (options.commands) for (const image of images) await measureCommands(image);
await dispose();
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);

async function measureCalls(image) {
  const counts = [1, 2, 4, 8, 16].filter((threads) => threads < cores);
  const kept = { ...image, data: new Uint8Array(image.data.length) };
  const contenders = [
    ...BACKENDS.map((backend) => ({ name: `${backend}, new output`, settings: { backend } })),
    ...BACKENDS.map((backend) => ({ name: `${backend}, kept output`, settings: { backend, output: kept } })),
    ...counts.map((threads) => {
      const name = `cpu, kept output, ${threads} of ${cores} threads`;
      return { name, settings: { backend: 'cpu', output: kept, threads } };
    }),
    ...MANY_PASSES.flatMap((passes) =>
      BACKENDS.map((backend) => ({
        name: `${backend}, kept output, ${passes} passes`,
        settings: { backend, output: kept, passes },
      })),
    ),
  ];
  const { image: expected } = await transform(image, { backend: 'cpu' });
  for (const { name, settings } of contenders) {
    const { image: result, backend, reason } = await transform(image, settings);
    if (settings.backend === 'auto') process.stdout.write(`${name}: ${backend}, ${reason}\n`);
    if (settings.passes === undefined && Buffer.compare(result.data, expected.data) !== 0) throw new Error(name);
  }
  const timesMs = contenders.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, { settings }] of contenders.entries()) {
      const startMs = performance.now();
      await transform(image, settings);
      timesMs[at].push(performance.now() - startMs);
    }
  }
  tell('calls', image, contenders, timesMs);
}

async function measureCommands(image) {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-auto-'));
  try {
    const input = path.join(folder, 'in.png');
    writeFileSync(input, await encodePng(image, { compression: 'fast' }));
    const contenders = BACKENDS.map((name) => ({ name, output: path.join(folder, `${name}.png`) }));
    const timesMs = contenders.map(() => []);
    for (let round = -1; round < ROUNDS; round++) {
      for (const [at, { name, output }] of contenders.entries()) {
        const startMs = performance.now();
        const args = [COMMAND, input, '-o', output, '--backend', name, '-q'];
        const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
        if (status !== 0) throw new Error(`${name}: ${stderr}`);
        if (round >= 0) timesMs[at].push(performance.now() - startMs);
      }
    }
    const files = contenders.map(({ output }) => readFileSync(output));
    if (files.some((file) => Buffer.compare(file, files[0]) !== 0)) throw new Error('The files differ.');
    tell('commands', image, contenders, timesMs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tell(kind, { width, height }, contenders, timesMs) {
  process.stdout.write(`\n${kind}, ${width}x${height}\n\n| | median, ms | least | most |\n|---|---:|---:|---:|\n`);
  for (const [at, { name }] of contenders.entries()) {
    const sorted = timesMs[at].sort((a, b) => a - b);
    const median = (sorted[(ROUNDS - 1) >> 1] + sorted[ROUNDS >> 1]) / 2;
    const row = { width, height, name, medianMs: median, leastMs: sorted[0], mostMs: sorted.at(-1) };
    report[kind].push(row);
    process.stdout.write(
      `| ${name} | ${row.medianMs.toFixed(2)} | ${row.leastMs.toFixed(2)} | ${row.mostMs.toFixed(2)} |\n`,
    );
  }
}
