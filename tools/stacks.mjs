/**
 * Every stack of WebGPU that runs here: npm run stacks [-- --quick] [-- --short] [-- --only TEXT] [-- --json FILE]
 *
 * Compares the conformance suite's bytes on each combination of implementation, compiler and driver, measures the error of t on it,
 * and prints a table. --quick takes every seventh case. --short takes the combinations whose compiler or arithmetic differ.
 * --only takes those whose names contain the text: 'own driver' is that of this machine, a GPU's where it has one.
 *
 * Exit code 1 for a byte that differs, 2 where no combination runs.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { combinations } from './stacks/combinations.mjs';

/** docs/numerics.md, "The error of t": in units of 2^-23. */
const BOUND_OF_T = 9.52;
const TIMEOUT_MS = { quick: 180_000, full: 1_800_000 };

const HEADER = [
  '| implementation | compiler | driver | adapter | cases | bytes | differing | exact pixels | largest error of t | time, s |',
  '|---|---|---|---|---:|---:|---:|---:|---:|---:|',
].join('\n');

function rowOf({ implementation, compiler, driver, found }) {
  const { adapter, cases, bytes, differing, exactPixels, exactShare, errorOfT, seconds } = found;
  const numbers = [cases, bytes, differing].map((count) => count.toLocaleString('en'));
  const measured = [
    `${exactPixels.toLocaleString('en')} (${(100 * exactShare).toFixed(2)} %)`, // other numbers are other arithmetic
    `${errorOfT.toFixed(2)} of ${BOUND_OF_T} u`,
    seconds.toFixed(0),
  ];
  return `| ${[implementation, compiler, driver, adapter, ...numbers, ...measured].join(' | ')} |`;
}

function textOf(extent, results) {
  const date = new Date().toISOString().slice(0, 10);
  const report = { date, machine: cpus()[0].model, extent, boundOfT: BOUND_OF_T, combinations: results };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** @returns {Promise<0 | 1 | 2>} the exit code */
async function main() {
  const { values: options } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      short: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
    },
  });
  const extent = options.quick ? 'quick' : 'full';
  const selected = combinations().filter(({ implementation, driver, isShort }) => {
    return (isShort || !options.short) && `${implementation}, ${driver}`.includes(options.only);
  });
  const results = [];
  process.stdout.write(`u is 2^-23; the error of t is relative.\n\n${HEADER}\n`);
  for (const { run, isShort, ...named } of selected) {
    const result = await run(extent, TIMEOUT_MS[extent]).catch((error) => ({ missing: error.message }));
    const { implementation = named.implementation, driver = named.driver, ...found } = result;
    const names = { ...named, implementation, driver };
    results.push({ ...names, found });
    if (options.json) writeFileSync(options.json, textOf(extent, results)); // each time, since a run takes long
    if (!('missing' in found)) process.stdout.write(`${rowOf({ ...names, found })}\n`);
  }
  const ran = results.filter(({ found }) => !('missing' in found));
  const missing = results.filter(({ found }) => 'missing' in found);
  const differing = ran.filter(({ found }) => found.differing > 0);
  const bytes = ran.reduce((sum, { found }) => sum + found.bytes, 0);
  const lines = [
    `${ran.length} of ${results.length} combinations ran: ${bytes.toLocaleString('en')} bytes.`,
    ...differing.map(({ implementation, driver, found }) => `Differs: ${implementation}, ${driver}: ${found.failure}.`),
    ...missing.map(({ implementation, driver, found }) => `Not run: ${implementation}, ${driver}: ${found.missing}.`),
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
  if (ran.length === 0) return 2;
  return differing.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main();
