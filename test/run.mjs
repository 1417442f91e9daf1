/**
 * What `npm test` runs: set-up, the checks of form, the tests. Ends with the line `N passed, N failed`, from the
 * runner's own result. Words after `npm test --` go to vitest, such as a file to run alone.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpackSoftwareGpu } from '../src/release/software-gpu.mjs';
import { setUp } from '../src/set-up.mjs';
import { runVitest } from './run-vitest.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CPP_STYLE = 'native-fallback/.clang-format';

const { addonProblem } = setUp({ withSerialAddon: true });
if (addonProblem) fail(`The CPU addon could not be compiled:\n${addonProblem}`);

check('Formatting and lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '.']);
check('Types', 'node_modules/typescript/bin/tsc', ['-p', 'test/tsconfig.json']);
check('C++ formatting', 'node_modules/clang-format-node/build/cli.js', [
  '--dry-run',
  '-Werror',
  `--style=file:${CPP_STYLE}`,
  ...cppFiles(),
]);

process.exitCode = runVitest('test/vitest.config.ts', process.argv.slice(2), {
  ...process.env,
  ...unpackSoftwareGpu(),
});

function check(name, script, words) {
  process.stdout.write(`${name} ...\n`);
  if (run(script, words).status !== 0) fail(`${name}: failed, see above. npm run format mends what can be mended.`);
}

function run(script, words) {
  return spawnSync(process.execPath, [script, ...words], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}

function cppFiles() {
  return ['native-fallback', 'bench']
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true }).map((name) => path.join(folder, name)),
    )
    .filter((name) => /\.(cc|h)$/.test(name));
}

function fail(text) {
  process.stderr.write(`${text}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exit(1);
}
