/**
 * What `npm test` and `npm run test:fast` run: set-up, lint, types, tests. The last line is `N passed, N failed`, from the
 * runner's own result. Further arguments go to vitest, such as a file to run alone.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { lint } from '../tools/lint.mjs';
import { setUp } from '../tools/set-up.mjs';
import { unpackSoftwareGpu } from '../tools/software-gpu.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs vitest. A file that does not load and a run of no test are failures.
 *
 * @param {string} config path of the configuration, from the project's folder
 * @param {readonly string[]} args for vitest
 * @param {NodeJS.ProcessEnv} env
 * @returns {0 | 1} the exit code
 */
export function runVitest(config, args, env = process.env) {
  const result = path.join(ROOT, '.cache', `${path.basename(path.dirname(config))}-result.json`);
  mkdirSync(path.dirname(result), { recursive: true });
  rmSync(result, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${result}`];
  const vitest = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...reporters, ...args],
    { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env },
  );
  const { numPassedTests, numFailedTests, testResults } = readResult(result);
  // A file that does not load has no tests that could fail.
  const failedFiles = testResults.filter(({ status, assertionResults }) => {
    return status === 'failed' && assertionResults.every((test) => test.status !== 'failed');
  });
  const failed = Math.max(numFailedTests + failedFiles.length, vitest.status === 0 ? 0 : 1);
  process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
  return failed === 0 && numPassedTests > 0 ? 0 : 1;
}

/** Vitest writes none if its set-up fails. */
function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
}

async function main(args) {
  const { addonProblem } = await setUp({ withSerialAddon: true });
  if (addonProblem) return fail(`The CPU addon could not be compiled:\n${addonProblem}`);
  process.stdout.write('Lint ...\n');
  if (!lint()) return fail('Lint failed, see above. npm run format fixes formatting.');
  process.stdout.write('Types ...\n');
  for (const folder of ['test', 'web']) {
    const tsc = ['node_modules/typescript/bin/tsc', '-p', `${folder}/tsconfig.json`];
    const { status } = spawnSync(process.execPath, tsc, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) return fail('Type checking failed, see above.');
  }
  const isFast = args.includes('--fast');
  const env = { ...process.env, ...unpackSoftwareGpu(), ...(isFast && { NEIGHBOR_PRODUCT_TEST: 'fast' }) };
  return runVitest(
    'test/vitest.config.ts',
    args.filter((arg) => arg !== '--fast'),
    env,
  );
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  return 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
