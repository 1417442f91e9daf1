/**
 * What npm runs before it packs the package, as `prepare`: for `npm pack` and `npm publish`, for an installation from a git
 * address, and after `npm install` in a checkout. Makes dist/ and, in prebuilds/<platform>/, the compiled addon beside the
 * OpenMP library it is linked with; the folders of other platforms are left as they are. Without a compiler only dist/ is
 * made, except with --addon, which npm publish has.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { ADDON, explainMissingAddon, makeAddons } from './set-up.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILT = path.join(ROOT, ADDON);

await build();
const { addonProblem } = makeAddons();
if (addonProblem === undefined) await layPrebuilt();
else explainMissingAddon(addonProblem);
if (addonProblem !== undefined && process.argv.includes('--addon')) process.exitCode = 1;

async function layPrebuilt() {
  const { namePlatform } = await import(new URL('../dist/cpu/addon.js', import.meta.url).href);
  const folder = path.join(ROOT, 'prebuilds', namePlatform());
  const binary = path.join(folder, path.basename(BUILT));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  copyFileSync(BUILT, binary);
  if (process.platform === 'linux') run('strip', ['--strip-unneeded', binary]);
  else if (process.platform === 'darwin') run('strip', ['-x', binary]);
  const openMp = findOpenMp();
  if (openMp) copyFileSync(openMp, path.join(folder, path.basename(openMp)));
  process.stderr.write(`${path.relative(ROOT, folder)} ${openMp ? `with ${openMp}` : 'without OpenMP'}\n`);
}

/** The OpenMP library that the addon was linked with; macOS has none. */
function findOpenMp() {
  if (process.platform === 'darwin') return undefined;
  // Node brings no Visual C++ library along, and not every Windows has this one.
  if (process.platform === 'win32') return path.join(process.env.SystemRoot, 'System32/vcomp140.dll');
  const place = /libgomp\.so\.1 => (\S+)/.exec(run('ldd', [BUILT]))?.[1];
  if (place === undefined) throw new Error(`Expected ${BUILT} to be linked with libgomp.so.1, but ldd finds none.`);
  return place;
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
