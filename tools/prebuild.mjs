/**
 * Compiles the addon and puts it into prebuilds/<platform>/, beside the OpenMP library it was linked with: the binary that
 * `npm pack` includes. The folders of other platforms are left as they are.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { namePlatform } from '../dist/cpu/addon.js';
import { compileAddon } from './set-up.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BINARY = 'neighbor_product.node';
const BUILT = path.join(ROOT, 'build/Release', BINARY);

const problem = compileAddon();
if (problem) throw new Error(`The CPU addon could not be compiled:\n${problem}`);
const folder = path.join(ROOT, 'prebuilds', namePlatform());
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
copyFileSync(BUILT, path.join(folder, BINARY));
if (process.platform !== 'win32') run('strip', ['-x', path.join(folder, BINARY)]);
const openMp = findOpenMp();
if (openMp) copyFileSync(openMp, path.join(folder, path.basename(openMp)));
process.stderr.write(`${path.relative(ROOT, folder)} ${openMp ? `with ${openMp}` : 'without OpenMP'}\n`);

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
