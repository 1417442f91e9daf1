/**
 * Measures whole runs, a PNG file to a PNG file, from the start of a process to its exit: the command beside the original
 * program, a double loop in C++ between Pillow's open and save, and beside other programs with Pillow.
 *
 *     node bench/whole-runs.mjs [--sizes half,4k,8k] [--rounds 15,5,3] [--also NAME=PATH]... [--only TEXT]
 *                               [--python python3] [--json FILE]
 *
 * The picture is fixtures/watermelon-pizza.png, enlarged with grain. Rounds are interleaved and medians compared; a first
 * round, which warms caches, is not counted. --also measures another checkout's dist/cli/neighbor-product.cjs, for a
 * comparison of before and after; --only limits the other programs to those whose names contain a text. Every output is
 * compared with the reference. Exit code 1: a command's output is not the reference's. Run `npm run build` first. Python 3
 * starts the programs, on Linux and macOS.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { describeMachine, readLoad } from '../dist/bench/result.js';
import { machineText, shareText } from '../dist/bench/table.js';
import { DEFAULT_OPERATION } from '../dist/options.js';
import { transformReference } from '../dist/reference.js';
import { between, createRandom } from '../fixtures/drawing/random.mjs';
import { openPng, writePng } from '../tools/png-rows.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FIXTURE = path.join(ROOT, 'fixtures/watermelon-pizza.png');
const OURS = { name: 'neighbor-product', script: path.join(ROOT, 'dist/cli/neighbor-product.cjs') };
const YARDSTICK = 'C++ double loop -Ofast, Pillow';
const THREADS = availableParallelism();
/** An enlarged picture is smoother than any photograph. In steps of a sample. */
const GRAIN = 2;
/** What a workplace sets for every Node or Python is not the programs' time: NODE_EXTRA_CA_CERTS costs Node 20 60 ms. */
const FOREIGN = /^(NODE_|PYTHON|NEIGHBOR_PRODUCT_)/;
/** Stand for the files in a program's words. */
const [IN, OUT] = ['IN', 'OUT'];

const COLUMNS = [
  'ms',
  'least to most',
  'times C++ with Pillow',
  'times neighbor-product',
  'processor ms',
  'peak MB',
  'file MB',
  'bytes that differ',
];

process.exitCode = await main();

async function main() {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-whole-runs-'));
  try {
    const request = readRequest();
    const { versions, peers } = listPeers(request.python, folder);
    const report = { ...(await measure(request, peers, folder)), versions };
    if (request.json !== undefined) writeFileSync(request.json, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`${reportText(report)}\n`);
    const commands = report.cases.flatMap(({ rows }) => rows.filter(({ isCommand }) => isCommand));
    return commands.every(({ differingShare }) => differingShare === 0) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readRequest() {
  const options = {
    sizes: { type: 'string', default: 'half,4k,8k' },
    rounds: { type: 'string', default: '15,5,3' },
    also: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', default: '' },
    python: { type: 'string', default: 'python3' },
    json: { type: 'string' },
  };
  const { values } = parseArgs({ options });
  const rounds = values.rounds.split(',').map(Number);
  const cases = values.sizes.split(',').map((size, index) => ({ ...sizeOf(size), rounds: rounds[index] }));
  if (!cases.every((each) => each.rounds > 0)) {
    throw new Error(
      `Expected a number of rounds for each of ${values.sizes} for --rounds, but received ${values.rounds}.`,
    );
  }
  const also = values.also.map((text) => {
    const [, name, script] = /^([^=]+)=(.+)$/.exec(text) ?? [];
    if (name === undefined) throw new Error(`Expected NAME=PATH for --also, but received ${text}.`);
    return { name, script: path.resolve(script) };
  });
  return { ...values, cases, also };
}

function sizeOf(text) {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (height !== undefined) return { width: Number(width), height: Number(height) };
  if (Object.hasOwn(NAMED_SIZES, text)) return NAMED_SIZES[text];
  throw new Error(`Expected ${Object.keys(NAMED_SIZES).join(', ')} or 640x480 for --sizes, but received ${text}.`);
}

async function measure({ cases, also, only, python }, peers, folder) {
  const date = new Date().toISOString().slice(0, 10);
  const loadBefore = readLoad();
  const others = [
    ...peers,
    { name: 'node -e 0', words: [process.execPath, '-e', '0'] },
    { name: "python3 -c 'import PIL.Image'", words: [python, '-c', 'import PIL.Image'] },
  ].filter(({ name }) => name.includes(only));
  const programs = [...[OURS, ...also].map(command), ...others];
  const results = [];
  for (const each of cases) results.push(await measureCase(each, programs, python, folder));
  const machine = { ...describeMachine(), loadBefore, loadAfter: readLoad() };
  return {
    date,
    command: ['node', 'bench/whole-runs.mjs', ...process.argv.slice(2)].join(' '),
    machine,
    cases: results,
  };
}

function command({ name, script }) {
  return { name, words: [process.execPath, script, IN, '-o', OUT, '--backend', 'cpu', '-q'], isCommand: true };
}

function listPeers(python, folder) {
  const script = path.join(ROOT, 'bench/peers/whole_run.py');
  const listed = spawnSync(python, [script, '--list', folder], { env: environment(folder), encoding: 'utf8' });
  if (listed.status !== 0)
    throw new Error(`Cannot start the programs: ${listed.error?.message ?? listed.stderr.trim()}`);
  const { versions, peers } = JSON.parse(listed.stdout);
  return {
    versions,
    peers: peers.map(({ name, missing, library }) => {
      if (missing !== undefined) return { name: `${name}, Pillow`, missing };
      return { name: `${name}, Pillow`, words: [python, script, name, String(THREADS), IN, OUT, ...library] };
    }),
  };
}

async function measureCase({ width, height, rounds }, programs, python, folder) {
  const input = path.join(folder, `${width}x${height}.png`);
  await writeEnlarged(input, width, height);
  const contenders = programs.map((program, index) => ({
    ...program,
    output: path.join(folder, `${width}x${height}-${index}.png`),
    runs: [],
  }));
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`${width}x${height}: round ${round} of ${rounds}\n`);
    for (const contender of contenders) {
      if (contender.missing !== undefined) continue;
      const run = startAndMeasure(contender, input, python, folder);
      if ('missing' in run) contender.missing = run.missing;
      else if (round > 0) contender.runs.push(run);
    }
  }
  const expected = await productOf(input);
  const rows = [];
  for (const contender of contenders) rows.push(await rowOf(contender, expected));
  return { width, height, threads: THREADS, inputBytes: statSync(input).size, rows };
}

/** What one run took, or why there is none. */
function startAndMeasure({ words, output }, input, python, folder) {
  const measuredRun = path.join(ROOT, 'bench/peers/measured_run.py');
  const files = { [IN]: input, [OUT]: output };
  const args = ['-I', '-S', measuredRun, ...words.map((word) => files[word] ?? word)];
  const { status, stdout, stderr } = spawnSync(python, args, { env: environment(folder), encoding: 'utf8' });
  const reason = stderr.trim().split('\n').at(-1);
  if (status !== 0) return { missing: reason };
  const { exitCode, ...run } = JSON.parse(stdout);
  return exitCode === 0 ? run : { missing: reason || `exit code ${exitCode}` };
}

/** Numba keeps here what the round that is not counted has compiled. */
function environment(folder) {
  const own = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(own), NUMBA_CACHE_DIR: path.join(folder, 'numba') };
}

async function rowOf({ name, words, isCommand, missing, output, runs }, expected) {
  const row = { program: name, ...(isCommand && { isCommand }) };
  if (missing !== undefined) return { ...row, missing };
  const numbers = (key) => runs.map((run) => run[key]).sort((a, b) => a - b);
  const wallMs = numbers('wallMs');
  return {
    ...row,
    wallMs: { median: median(wallMs), least: wallMs[0], most: wallMs.at(-1) },
    processorMs: median(numbers('processorMs')),
    peakMb: median(numbers('peakMb')),
    rounds: runs.length,
    ...(words.includes(OUT) && {
      fileBytes: statSync(output).size,
      differingShare: await differingShare(output, expected),
    }),
  };
}

function median(sorted) {
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

async function differingShare(file, expected) {
  const actual = await readRgba(file);
  let differing = 0;
  for (let at = 0; at < expected.length; at++) if (actual[at] !== expected[at]) differing++;
  return differing / expected.length;
}

async function productOf(file) {
  const { width, height } = await openPng(file);
  const image = (data) => ({ data, width, height, channels: 4, rowBytes: width * 4 });
  const output = new Uint8Array(width * height * 4);
  transformReference(image(await readRgba(file)), image(output), DEFAULT_OPERATION);
  return output;
}

async function readRgba(file) {
  const { width, height, channels, rows } = await openPng(file);
  const rgba = new Uint8Array(width * height * 4).fill(255);
  let to = 0;
  for await (const row of rows()) {
    for (let from = 0; from < row.length; from += channels, to += 4) {
      for (let c = 0; c < channels; c++) rgba[to + c] = row[from + c];
    }
  }
  return rgba;
}

/** The fixture, interpolated between its pixels; where it is as large as the picture, as it is. */
async function writeEnlarged(file, width, height) {
  const { width: fixtureWidth, height: fixtureHeight } = await openPng(FIXTURE);
  const fixture = await readRgba(FIXTURE);
  const random = createRandom(1);
  const isEnlarged = width !== fixtureWidth || height !== fixtureHeight;
  const columns = Array.from({ length: width }, (_, x) => placeOf(x, width, fixtureWidth));
  await writePng(file, { width, height, channels: 4 }, (y, row) => {
    const { before: above, after: below, share: down } = placeOf(y, height, fixtureHeight);
    columns.forEach(({ before, after, share: across }, x) => {
      for (let c = 0; c < 3; c++) {
        const sample = (column, line) => fixture[(line * fixtureWidth + column) * 4 + c];
        const upper = sample(before, above) * (1 - across) + sample(after, above) * across;
        const lower = sample(before, below) * (1 - across) + sample(after, below) * across;
        const grain = isEnlarged ? between(random, -GRAIN, GRAIN) : 0;
        row[x * 4 + c] = Math.max(0, Math.min(Math.round(upper * (1 - down) + lower * down + grain), 255));
      }
      row[x * 4 + 3] = 255;
    });
  });
}

/** The pixels of a side of `fixtureLength` that pixel `at` of `length` lies between, and how far from the first. */
function placeOf(at, length, fixtureLength) {
  const place = Math.max(0, Math.min(((at + 0.5) * fixtureLength) / length - 0.5, fixtureLength - 1));
  const before = Math.floor(place);
  return { before, after: Math.min(before + 1, fixtureLength - 1), share: place - before };
}

function reportText({ command: line, date, machine, versions, cases }) {
  const packages = Object.entries(versions).map((each) => each.join(' '));
  return [...cases.map(caseText), line, `${date}, ${[machineText(machine), ...packages].join(', ')}`].join('\n\n');
}

/** Markdown, as the tables of the bench command can be. */
function caseText({ width, height, threads, inputBytes, rows }) {
  const medianOf = (name) => rows.find(({ program }) => program === name)?.wallMs?.median;
  const yardsticks = [YARDSTICK, OURS.name].map(medianOf);
  return [
    `${width}x${height}, a file of ${megabytes(inputBytes)} MB, ${threads} threads`,
    '',
    `| program | ${COLUMNS.join(' | ')} |`,
    `|---|${COLUMNS.map(() => '---:|').join('')}`,
    ...rows.map((row) => `| ${[row.program, ...cellsOf(row, yardsticks)].join(' | ')} |`),
  ].join('\n');
}

function cellsOf({ missing, wallMs, processorMs, peakMb, fileBytes, differingShare: share }, yardsticks) {
  if (missing !== undefined) return [`not measured: ${missing}`, ...COLUMNS.slice(1).map(() => '')];
  return [
    wallMs.median.toFixed(0),
    `${wallMs.least.toFixed(0)} to ${wallMs.most.toFixed(0)}`,
    ...yardsticks.map((yardstick) => (yardstick === undefined ? '' : (wallMs.median / yardstick).toFixed(2))),
    processorMs.toFixed(0),
    peakMb.toFixed(0),
    fileBytes === undefined ? '' : megabytes(fileBytes),
    share === undefined ? '' : shareText(share),
  ];
}

function megabytes(byteLength) {
  return (byteLength / 1e6).toFixed(2);
}
