/**
 * Sets up a fresh clone: dependencies, dist/, the compiled addon. Does only what is missing or stale, so that `npm start`
 * and `npm test` call it every time. Runs before anything is installed, so nothing here may import a package.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, SHADER_CODE } from './build.mjs';
import { KERNEL_CODE } from './build-wasm.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = 'dist/cli/neighbor-product.cjs';
export const ADDON = 'build/Release/neighbor_product.node';
/** The same sources without OpenMP, for the tests. */
const SERIAL_ADDON = 'build/Release/neighbor_product_serial.node';

/**
 * @param {{ withSerialAddon?: boolean }} options
 * @returns {Promise<{ addonProblem: string | undefined }>} the compiler's output if the addon could not be compiled
 */
export async function setUp({ withSerialAddon = false } = {}) {
  if (newest('package-lock.json') > newest('node_modules/.package-lock.json')) installDependencies();
  const builders = ['tools/build.mjs', 'tools/build-wasm.mjs', 'tsconfig.json', 'package-lock.json'];
  const sources = newest('src', 'shaders', 'native-fallback', ...builders);
  const hasGenerated = [SHADER_CODE, KERNEL_CODE].every((name) => existsSync(path.join(ROOT, name)));
  if (sources > newest('dist/.tsbuildinfo') || sources > newest(BUNDLE) || !hasGenerated) {
    say('Compiling TypeScript ...');
    await build();
  }
  return makeAddons(withSerialAddon);
}

/**
 * Compiles the addon if it is missing or stale.
 *
 * @returns {{ addonProblem: string | undefined }} the compiler's output if the addon could not be compiled
 */
export function makeAddons(withSerialAddon = false) {
  const missing = [ADDON, ...(withSerialAddon ? [SERIAL_ADDON] : [])];
  if (missing.every((addon) => newest('native-fallback', 'binding.gyp') <= newest(addon)))
    return { addonProblem: undefined };
  say('Compiling the CPU addon ...');
  return { addonProblem: compileAddon(withSerialAddon) };
}

function installDependencies() {
  // `npm ci` empties the folder that a link leads to, which may be another checkout's.
  if (lstatSync(path.join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    say('node_modules is a link and older than package-lock.json. If packages are missing, run npm ci where it leads.');
    return;
  }
  say('Installing dependencies (npm ci) ...');
  must(npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']), 'npm ci');
}

/** @returns {string | undefined} the compiler's output if it failed */
function compileAddon(withSerialAddon = false) {
  const args = ['node_modules/node-gyp/bin/node-gyp.js', 'rebuild', '--loglevel=error'];
  // With the headers that came with Node, nothing is downloaded.
  const prefix = path.resolve(path.dirname(process.execPath), '..');
  if (existsSync(path.join(prefix, 'include/node/node_api.h'))) args.push(`--nodedir=${prefix}`);
  if (withSerialAddon) args.push('--', '-Dwith_serial_addon=1');
  const result = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  return result.status === 0 ? undefined : `${result.stdout}${result.stderr}`.trim() || `exit code ${result.status}`;
}

/** When the newest file below some paths was modified, in milliseconds; 0 if there is none. */
function newest(...names) {
  const files = names
    .map((name) => path.join(ROOT, name))
    .flatMap((place) => {
      const stat = statSync(place, { throwIfNoEntry: false });
      if (!stat?.isDirectory()) return stat ? [stat] : [];
      return readdirSync(place, { recursive: true }).map((entry) => statSync(path.join(place, entry)));
    });
  return Math.max(0, ...files.map((stat) => stat.mtimeMs));
}

function npm(args) {
  const cli = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: ['ignore', 2, 2] };
  if (cli?.endsWith('.js')) return spawnSync(process.execPath, [cli, ...args], options);
  return spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
}

function must(result, name) {
  if (result.status === 0) return;
  say(`${name} failed (${result.error?.message ?? `exit code ${result.status}`}): see above.`);
  process.exit(1);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { addonProblem } = await setUp();
  if (addonProblem) explainMissingAddon(addonProblem);
}

/** @param {string} addonProblem the compiler's output */
export function explainMissingAddon(addonProblem) {
  const cause = process.env.NEIGHBOR_PRODUCT_VERBOSE ? addonProblem : lastLine(addonProblem);
  say(`The CPU addon could not be compiled, so WebAssembly will run, three times slower: ${cause}`);
  say('Compiling needs python3, make and a C++ compiler (Debian: apt-get install build-essential python3;');
  say('macOS: xcode-select --install). NEIGHBOR_PRODUCT_VERBOSE=1 shows the whole output.');
}

/** The line that names the cause: node-gyp's last lines are about itself. */
function lastLine(text) {
  const lines = text.split('\n').filter((line) => !/^gyp ERR! (command|cwd|node|System|stack +at|not ok)/.test(line));
  return lines.findLast((line) => /error|not found|ENOENT|could not find/i.test(line)) ?? lines.at(-1);
}
