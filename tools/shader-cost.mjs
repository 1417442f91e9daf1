/**
 * What the compilers of real GPUs make of the shaders, without such a GPU: npm run shader-cost [-- --check] [-- --json FILE]
 *
 * Mesa's drivers for Radeon and Intel compile for GPUs that are not there. They are given the SPIR-V that Dawn makes of the
 * pipelines as the library creates them. Prints registers, occupancy and instructions of each pipeline, and a bound on
 * the time of the fast pass for GPUs whose rates are published. --check compares with the newest file of bench/results/.
 *
 * Exit code 1 for a count that differs by more than 5 %, 2 where Mesa's packages cannot be had; those are for Debian 12.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { COLUMNS_PER_THREAD, TUNING } from '../dist/gpu/passes.js';
import { CannotSetUp } from './debian-packages.mjs';
import { COMPILERS, compile } from './shader-cost/compilers.mjs';
import { setUpMesa } from './shader-cost/mesa.mjs';
import { boundOf, MODELLED_GPUS } from './shader-cost/roofline.mjs';
import { writeSpirv } from './shader-cost/spirv.mjs';

const RESULTS = fileURLToPath(new URL('../bench/results', import.meta.url));
const MOST_DIFFERENCE = 0.05;

/**
 * @typedef {object} Report
 * @property {string} date
 * @property {{ mesa: string, spirvTools: string, webgpu: string }} versions
 * @property {number} pixelsPerThread
 * @property {import('./shader-cost/compilers.mjs').PipelineCost[]} pipelines
 * @property {import('./shader-cost/roofline.mjs').Bound[]} bounds of the fast pass, alpha mode opaque
 */

/**
 * @param {(text: string) => void} report is told what takes time
 * @returns {Report}
 * @throws CannotSetUp
 */
export function shaderCost(report) {
  const mesa = setUpMesa(report);
  const folder = mkdtempSync(path.join(tmpdir(), 'shader-cost-'));
  try {
    const modules = writeSpirv(mesa, folder);
    const pipelines = COMPILERS.flatMap((compiler) => compile(compiler, mesa, modules));
    const pixelOf = (name) => {
      return pipelines.find(({ gpu, pixel, alpha }) => gpu === name && pixel && alpha === 'opaque').pixel.decided;
    };
    return {
      date: new Date().toISOString().slice(0, 10),
      versions: { ...mesa.versions, webgpu: createRequire(import.meta.url)('webgpu/package.json').version },
      pixelsPerThread: TUNING.rowsPerThread * COLUMNS_PER_THREAD,
      pipelines,
      bounds: MODELLED_GPUS.map((gpu) => boundOf(gpu, pixelOf(gpu.instructionsOf))),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param {Report} report */
function textOf({ versions, pixelsPerThread, pipelines, bounds }) {
  return [
    `Mesa ${versions.mesa}, webgpu ${versions.webgpu}, spirv-tools ${versions.spirvTools}.`,
    `A decided pixel costs a turn of the loop (in parentheses), and 1/${pixelsPerThread} of what stands before it.`,
    '',
    '| GPU | pass, alpha | registers: vector | scalar | scratch, bytes | subgroups | instructions | vector a pixel | loads | stores | more where undecided |',
    '|---|---|---:|---:|---:|---|---:|---:|---:|---:|---:|',
    ...pipelines.map(pipelineRow),
    '',
    '| the fast pass, at least | memory, ps/pixel | instructions, ps/pixel | copies | bound by |',
    '|---|---:|---:|---:|---|',
    ...bounds.map(boundRow),
    '',
  ].join('\n');
}

function pipelineRow({ gpu, pass, alpha, scratchBytes, instructions, pixel, ...cost }) {
  const { vectorRegisters, scalarRegisters = '', subgroups, mostSubgroups } = cost;
  const { decided, loop, undecided } = pixel ?? {};
  const pixelCells = pixel
    ? [`${shortest(decided.vector)} (${shortest(loop.vector)})`, shortest(decided.load), shortest(decided.store)]
    : ['', '', ''];
  const occupancy = subgroups === undefined ? '' : `${subgroups} of ${mostSubgroups}`;
  const cells = [gpu, `${pass.replace('_', ' ')}, ${alpha}`, vectorRegisters, scalarRegisters, scratchBytes, occupancy];
  return rowOf([...cells, instructions, ...pixelCells, undecided?.vector ?? '']);
}

function boundRow({ gpu, isStandIn, memoryPs, instructionsPs, copies, by }) {
  const name = isStandIn ? `${gpu}, by the instructions of RDNA 3` : gpu;
  return rowOf([name, memoryPs.toFixed(1), instructionsPs.toFixed(1), copies.toFixed(2), by]);
}

const rowOf = (cells) => `| ${cells.join(' | ')} |`;
const shortest = (count) => String(Number(count.toFixed(2)));

/**
 * @param {Report} actual
 * @param {Report} expected
 * @returns {string[]} a sentence for each count that differs by more than {@link MOST_DIFFERENCE}
 */
export function differences(actual, expected) {
  const [actualCounts, expectedCounts] = [countsOf(actual), countsOf(expected)];
  const names = new Set([...expectedCounts.keys(), ...actualCounts.keys()]);
  if (expectedCounts.size === 0) return ['The committed result has no counts.'];
  return [...names].flatMap((name) => {
    const [was, is] = [expectedCounts.get(name), actualCounts.get(name)];
    const isNear = was !== undefined && is !== undefined && Math.abs(is - was) <= MOST_DIFFERENCE * was;
    return isNear ? [] : [`${name}: expected ${was ?? 'nothing'}, actual ${is ?? 'nothing'}.`];
  });
}

/** @returns {Map<string, number>} by the pipeline and the path of the field */
function countsOf({ pipelines }) {
  const counts = new Map();
  const add = (name, value) => {
    if (typeof value === 'number') counts.set(name, value);
    else if (typeof value === 'object') for (const [key, inner] of Object.entries(value)) add(`${name} ${key}`, inner);
  };
  for (const { gpu, pass, alpha, ...numbers } of pipelines) add(`${gpu}, ${pass}, ${alpha}:`, numbers);
  return counts;
}

/** @returns {{ name: string, report: Report }} the newest of the committed results */
export function committedResult() {
  const name = readdirSync(RESULTS)
    .filter((file) => file.endsWith('-shader-cost.json'))
    .sort()
    .at(-1);
  if (name === undefined) throw new Error('Expected a file *-shader-cost.json in bench/results/.');
  return { name, report: JSON.parse(readFileSync(path.join(RESULTS, name), 'utf8')) };
}

/** @returns {0 | 1 | 2} the exit code */
function main() {
  const { values: options } = parseArgs({
    options: { check: { type: 'boolean', default: false }, json: { type: 'string' } },
  });
  let report;
  try {
    report = shaderCost((text) => process.stderr.write(text));
  } catch (error) {
    if (!(error instanceof CannotSetUp)) throw error;
    process.stderr.write(`The shaders were not compiled. ${error.message}\n`);
    return 2;
  }
  process.stdout.write(textOf(report));
  if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (!options.check) return 0;
  const committed = committedResult();
  const found = differences(report, committed.report);
  const { mesa, webgpu } = committed.report.versions;
  const against = `bench/results/${committed.name} (Mesa ${mesa}, webgpu ${webgpu})`;
  process.stdout.write(
    found.length === 0 ? `\nAs in ${against}.\n` : `\nOther than in ${against}:\n${found.join('\n')}\n`,
  );
  return found.length === 0 ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
