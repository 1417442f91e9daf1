/**
 * Proves the bounds that the code relies on: npm run prove [-- --write FOLDER]
 *
 * Runs the Gappa scripts of docs/proofs/, with the constants that the sources have now, and prints for each claim what was
 * proved, what the code uses and how far they are apart. --write leaves the scripts with their numbers in a folder, for
 * Gappa by hand. Exit code 1 where something is not proved, 2 where there is no Gappa.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CannotSetUp } from './debian-packages.mjs';
import { exactClaims } from './prove/exact.mjs';
import { logarithm, setUpGappa } from './prove/gappa.mjs';
import { outcomesOf, ProofError, scriptOf } from './prove/scripts.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SCRIPTS = path.join(ROOT, 'docs/proofs');
const INSTRUCTION_SETS = 'native-fallback/simd';

/**
 * @typedef {object} Proof
 * @property {{ script: string, text: string, relation: string, outcome: import('./prove/scripts.mjs').Outcome }[]} claims
 * @property {string[]} problems with the scripts or the code, a text each
 * @property {string[]} assumed
 * @property {string[]} paper
 */

/**
 * @param {import('./prove/gappa.mjs').Gappa} gappa
 * @param {object} [options]
 * @param {(file: string) => string} [options.readSource] by the path in this project
 * @param {readonly string[]} [options.names] of the scripts, without .g
 * @param {readonly string[]} [options.instructionSets] files that some script has to quote
 * @returns {Proof}
 */
export function prove(gappa, options = {}) {
  const { readSource = readProject, names = scriptNames(), instructionSets = instructionSetFiles() } = options;
  const proof = { claims: [], problems: [], assumed: [], paper: [] };
  const quoted = new Set();
  for (const name of names) {
    try {
      const script = scriptOf(name, readFileSync(path.join(SCRIPTS, `${name}.g`), 'utf8'), readSource);
      for (const file of script.files) quoted.add(file);
      const outcomes = outcomesOf(gappa, script);
      proof.claims.push(...script.claims.map((claim, index) => ({ ...claim, script: name, outcome: outcomes[index] })));
      proof.assumed.push(...script.assumed.map((text) => `${name}: ${text}`));
      proof.paper.push(...script.paper.map((text) => `${name}: ${text}`));
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      proof.problems.push(error.message);
    }
  }
  for (const claim of exactClaims()) proof.claims.push({ ...claim, script: 'whole numbers', outcome: claim });
  // After a problem, a file may be missing for that reason.
  const without = proof.problems.length > 0 ? [] : instructionSets.filter((file) => !quoted.has(file));
  for (const file of without) proof.problems.push(`No script in docs/proofs/ quotes ${file}: its bound is not proved.`);
  return proof;
}

/** @returns {boolean} whether all is proved, and there is something */
export function isProved({ claims, problems }) {
  return claims.length > 0 && problems.length === 0 && claims.every(({ outcome }) => outcome.holds);
}

function scriptNames() {
  const files = readdirSync(SCRIPTS).filter((name) => name.endsWith('.g'));
  return files.map((name) => name.slice(0, -2)).sort();
}

function instructionSetFiles() {
  return readdirSync(path.join(ROOT, INSTRUCTION_SETS)).map((name) => `${INSTRUCTION_SETS}/${name}`);
}

function readProject(file) {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** @param {Proof} proof */
export function textOf(proof) {
  const rows = proof.claims.map(({ script, text, relation, outcome }) => {
    const slack = outcome.holds ? slackOf(relation, outcome) : 'NOT PROVED';
    return [script, text, shown(outcome.proved), `${relation} ${shown(outcome.used)}`, slack];
  });
  const failed = proof.claims.filter(({ outcome }) => !outcome.holds).length + proof.problems.length;
  return [
    ...tableOf([['script', 'claim', 'proved', 'used by the code', 'slack, factor'], ...rows]),
    '',
    ...listOf('Assumed', proof.assumed),
    ...listOf('Proved on paper, in docs/numerics.md', proof.paper),
    ...listOf('NOT PROVED', proof.problems),
    failed === 0 ? `${proof.claims.length} claims proved.` : `${failed} NOT PROVED.`,
    '',
  ].join('\n');
}

function listOf(title, texts) {
  return texts.length === 0 ? [] : [`${title}:`, ...texts.map((text) => `- ${text}`), ''];
}

function tableOf(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  return [lines[0], `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.slice(1)];
}

/** In decimal digits where it is not too far from 1, otherwise as a power of 2. */
function shown(number) {
  const { sign, log2 } = logarithm(number);
  if (sign === 0) return '0';
  const prefix = sign < 0 ? '-' : '';
  return Math.abs(log2) < 25 ? `${prefix}${decimal(2 ** log2)}` : `${prefix}2^${decimal(log2)}`;
}

function decimal(number) {
  const isWhole = Math.abs(number - Math.round(number)) < 1e-12 * Math.abs(number);
  return isWhole ? String(Math.round(number)) : String(Number(number.toPrecision(number > 1000 ? 8 : 4)));
}

function slackOf(relation, { proved, used }) {
  if (relation === '=') return '';
  const factor = Math.abs(logarithm(used).log2 - logarithm(proved).log2);
  if (factor === Number.POSITIVE_INFINITY) return '';
  return factor < 10 ? (2 ** factor).toFixed(2) : `2^${factor.toFixed(0)}`;
}

function write(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of scriptNames()) {
    const { gappa } = scriptOf(name, readFileSync(path.join(SCRIPTS, `${name}.g`), 'utf8'), readProject);
    writeFileSync(path.join(folder, `${name}.g`), gappa);
  }
}

/** @returns {0 | 1 | 2} the exit code */
function main() {
  const { values: options } = parseArgs({ options: { write: { type: 'string' } } });
  let gappa;
  try {
    if (options.write) write(options.write);
    gappa = setUpGappa();
  } catch (error) {
    if (!(error instanceof CannotSetUp || error instanceof ProofError)) throw error;
    process.stderr.write(`Nothing was proved. ${error.message}\n`);
    return error instanceof CannotSetUp ? 2 : 1;
  }
  const proof = prove(gappa);
  process.stdout.write(`${gappa.version}, and whole numbers.\n\n${textOf(proof)}`);
  return isProved(proof) ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main();
