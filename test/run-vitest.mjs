/** Runs vitest on a configuration and counts: a suite that does not load, and one that runs nothing, has failed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Ends with the line `N passed, N failed` on standard output, from the runner's own result.
 *
 * @param {string} config path of the configuration, from the project's folder
 * @param {readonly string[]} words for vitest, such as a file to run alone
 * @param {NodeJS.ProcessEnv} env
 * @returns {0 | 1} the exit code
 */
export function runVitest(config, words, env = process.env) {
  const result = path.join(ROOT, '.cache', `${path.basename(path.dirname(config))}-result.json`);
  mkdirSync(path.dirname(result), { recursive: true });
  rmSync(result, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${result}`];
  const vitest = spawnSync(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--config', config, ...reporters, ...words],
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

/** Vitest writes none where its set-up fails. */
function readResult(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, testResults: [] };
  }
}
