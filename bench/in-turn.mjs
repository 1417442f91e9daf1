/**
 * Measures the CPU backend, a copy of the same bytes and other programs in turn, one call of each, where `bench --peers`
 * measures the other programs afterwards: for those that are nearly as fast.
 *
 *     node bench/in-turn.mjs [--only Halide] [--size 4k] [--threads 1,2] [--rounds 51] [--python python3]
 *
 * On a generated photograph. A program's times are divided by those of the CPU backend, with as many threads, in the same
 * round; the median counts. Run `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openCandidates } from '../dist/bench/candidates.js';
import { makeCase } from '../dist/bench/cases.js';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { describeMachine, readLoad } from '../dist/bench/result.js';
import { machineText, numberText, shareText } from '../dist/bench/table.js';
import { createImage } from '../dist/image.js';

const PEERS = fileURLToPath(new URL('peers/peers.py', import.meta.url));

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'Halide' },
    size: { type: 'string', default: '4k' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '51' },
    python: { type: 'string', default: 'python3' },
  },
});
const [width, height] = values.size.split('x').map(Number);
const benchCase = makeCase(NAMED_SIZES[values.size] ?? { width, height }, 'photograph');
const threadCounts = values.threads.split(',').map(Number);
const loadBefore = readLoad();

const peers = await startPeers();
const own = await openOwn();
const rows = [...own, ...peers.rows].map((row) => ({ ...row, times: [] }));
for (let round = 0; round < Number(values.rounds); round++) {
  for (const row of rows) row.times.push(await row.measure());
}
peers.stop();
for (const { close } of own) await close?.();
process.stdout.write(`${reportText()}\n`);

/** The copies and the CPU backend, each as a row; their bytes are checked once. */
async function openOwn() {
  const { input } = benchCase;
  const output = createImage(input.width, input.height, input.channels);
  const { candidates } = await openCandidates({ backend: 'cpu', threadCounts }, input.data.length);
  const rows = [];
  for (const candidate of candidates.filter(({ role }) => role !== 'peer')) {
    const run = async () => {
      candidate.prepare?.();
      const startMs = performance.now();
      await candidate.run(input, output);
      return ((performance.now() - startMs) * 1e6) / (input.width * input.height);
    };
    output.data.fill(0);
    await run();
    if (!candidate.isCorrect(benchCase, output)) throw new Error(`The bytes of ${candidate.program} are wrong.`);
    // What the program before left in the caches is not this one's: one call that counts for nothing, then the one.
    const measure = async () => {
      await run();
      return run();
    };
    rows.push({ ...candidate, differingShare: 0, measure });
  }
  return rows;
}

/** The process that runs the peers, each as a row; it does what it is asked for and waits. */
async function startPeers() {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-in-turn-'));
  const files = ['input', 'expected'].map((name) => {
    writeFileSync(path.join(folder, name), benchCase[name].data);
    return path.join(folder, name);
  });
  const sizes = [benchCase.input.width, benchCase.input.height].map(String);
  const choice = ['--threads', values.threads, '--only', values.only, '--serve'];
  const child = spawn(values.python, [PEERS, ...sizes, ...files, ...choice], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${values.python} ended, see above.`);
    return JSON.parse(value);
  };
  // Missing ones come first, a line each.
  let programs = await read();
  for (; !Array.isArray(programs); programs = await read()) {
    process.stderr.write(`not measured: ${programs.program}: ${programs.missing}\n`);
  }
  rmSync(folder, { recursive: true });
  const rows = programs.map((program, index) => ({
    ...program,
    measure: () => {
      child.stdin.write(`${index}\n`);
      return read();
    },
  }));
  return { rows, stop: () => child.stdin.end() };
}

function reportText() {
  const machine = { ...describeMachine(), loadBefore, loadAfter: readLoad() };
  return [
    `${benchCase.id}, ${values.rounds} rounds`,
    '',
    '| program | threads | ns/pixel | min to max | times the CPU backend | bytes that differ |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    '',
    machineText(machine),
  ].join('\n');
}

function cellsOf({ program, threads, times, differingShare }) {
  const ours = rows.find((row) => row.role === 'ours' && row.threads === threads);
  const ratios = times.map((time, round) => time / ours.times[round]);
  const range = `${numberText(Math.min(...times))} to ${numberText(Math.max(...times))}`;
  return [program, threads, numberText(median(times)), range, numberText(median(ratios)), shareText(differingShare)];
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}
