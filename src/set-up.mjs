/**
 * Makes a bare clone ready: dependencies, compiled TypeScript, the compiled addon. Does only what is missing or stale,
 * so that `npm start` and `npm test` may call it every time. Runs before anything is installed: imports nothing but
 * Node's own modules.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = 'dist/cli/neighbor-product.cjs';
const ADDON = 'build/Release/neighbor_product.node';
/** The same sources without OpenMP, for the tests. */
const SERIAL_ADDON = 'build/Release/neighbor_product_serial.node';

/**
 * @param {{ withSerialAddon?: boolean }} options
 * @returns {{ addonProblem: string | undefined }} the problem's output where the addon could not be compiled
 */
export function setUp({ withSerialAddon = false } = {}) {
  if (newest('package-lock.json') > newest('node_modules/.package-lock.json')) {
    say('Installing dependencies (npm ci) ...');
    must(npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']), 'npm ci');
  }
  const sources = newest('src', 'tsconfig.json', 'package-lock.json');
  if (sources > newest('dist/.tsbuildinfo') || sources > newest(BUNDLE)) {
    say('Compiling TypeScript ...');
    must(node(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']), 'tsc');
    // tsc leaves its record alone where a file was touched but not changed.
    utimesSync(path.join(ROOT, 'dist/.tsbuildinfo'), new Date(), new Date());
    must(node(['src/release/command-script.mjs']), 'esbuild');
    must(node(['src/release/write-man-page.mjs']), 'The manual page');
  }
  const missing = [ADDON, ...(withSerialAddon ? [SERIAL_ADDON] : [])];
  if (missing.every((addon) => newest('native-fallback', 'binding.gyp') <= newest(addon)))
    return { addonProblem: undefined };
  say('Compiling the CPU addon ...');
  return { addonProblem: compileAddon(withSerialAddon) };
}

/** @returns {string | undefined} what the compiler said where it failed */
export function compileAddon(withSerialAddon = false) {
  const words = ['node_modules/node-gyp/bin/node-gyp.js', 'rebuild', '--loglevel=error'];
  // Headers that came with Node spare a download.
  const prefix = path.resolve(path.dirname(process.execPath), '..');
  if (existsSync(path.join(prefix, 'include/node/node_api.h'))) words.push(`--nodedir=${prefix}`);
  if (withSerialAddon) words.push('--', '-Dwith_serial_addon=1');
  const result = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
  return result.status === 0 ? undefined : `${result.stdout}${result.stderr}`.trim() || `exit code ${result.status}`;
}

/** When the newest file below some paths was modified, in milliseconds; 0 where there is none. */
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

function node(words) {
  return spawnSync(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 2, 2] });
}

function npm(words) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) return node([cli, ...words]);
  return spawnSync('npm', words, { cwd: ROOT, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
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
  const { addonProblem } = setUp();
  if (addonProblem) {
    say(process.env.NEIGHBOR_PRODUCT_VERBOSE ? addonProblem : lastLine(addonProblem));
    say(
      'The CPU addon could not be compiled, so the slow reference will run. It needs python3, make and a C++ compiler',
    );
    say('(Debian: apt-get install build-essential python3; macOS: xcode-select --install).');
  }
}

/** The line that names the cause: node-gyp ends with lines about itself. */
function lastLine(text) {
  const lines = text.split('\n').filter((line) => !/^gyp ERR! (command|cwd|node|System|stack +at|not ok)/.test(line));
  return lines.findLast((line) => /error|not found|ENOENT|could not find/i.test(line)) ?? lines.at(-1);
}
