/** The combinations of implementation, compiler and driver, and how each is started. */
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CannotSetUp } from '../debian-packages.mjs';
import { softwareGpuExists, unpackSoftwareGpu } from '../software-gpu.mjs';
import { setUpFirefox, setUpMesa } from './drivers.mjs';
import { inChromium, inFirefox } from './page.mjs';

const require = createRequire(import.meta.url);

/**
 * A stack. What it throws is why it does not run.
 *
 * @typedef {object} Combination
 * @property {string} implementation with its version
 * @property {string} compiler what WGSL is translated with, and to what
 * @property {string} driver and how it is set up
 * @property {boolean} [isShort] whether a short run has it: those whose compilers or arithmetic differ
 * @property {(extent: 'quick' | 'full', timeoutMs: number) => Promise<import('./compare.mjs').Found | { missing: string }>} run
 */

/** Toggles of Dawn that change the code which it gives a driver, where a driver takes either. */
const TOGGLES = [
  ['enable', 'disable_robustness'],
  ['enable', 'disable_polyfills_on_integer_div_and_mod,disable_workgroup_init'],
  ['enable', 'use_spirv_1_4,use_vulkan_memory_model'],
  ['enable', 'scalarize_max_min_clamp,polyfill_pack_unpack_4x8_norm,polyfill_bool_vec_dynamic_store'],
  ['enable', 'spirv_polyfill_float_abs,spirv_polyfill_float_negation,vulkan_polyfill_switch_with_if'],
  ['enable', 'enable_integer_range_analysis_in_robustness,vulkan_rewrite_unsigned_compare_zero'],
];

/** It has what version 4.3 of GL requires for computing, but not all of that version, and so offers an older one. */
const SOFTPIPE = {
  GALLIUM_DRIVER: 'softpipe',
  MESA_GL_VERSION_OVERRIDE: '4.3',
  MESA_GLSL_VERSION_OVERRIDE: '430',
  MESA_GLES_VERSION_OVERRIDE: '3.1',
};

/** @returns {Combination[]} */
export function combinations() {
  const swiftShader = () => {
    if (!softwareGpuExists) throw new CannotSetUp('SwiftShader comes for Linux on x64.');
    return unpackSoftwareGpu();
  };
  const mesas = new Map();
  const mesa = (from) => {
    if (!mesas.has(from)) mesas.set(from, setUpMesa(from));
    return mesas.get(from);
  };
  const lavapipe =
    (from, more = {}) =>
    () => ({ ...mesa(from).vulkan, ...more });
  const gl =
    (from, more = {}) =>
    () => ({ ...mesa(from).gl, ...more });
  const webgpu = `Dawn (webgpu ${versionOf('webgpu')})`;
  const deno = `wgpu (Deno ${versionOf('deno')})`;
  const dawn = (driver, variables, flags = [], more = {}) => ({
    implementation: webgpu,
    compiler: 'Tint, SPIR-V',
    driver,
    run: (extent, timeoutMs) => inDawn(variables(), flags, extent, timeoutMs),
    ...more,
  });
  const wgpu = (driver, variables, more = {}) => ({
    implementation: deno,
    compiler: 'naga, SPIR-V',
    driver,
    run: (extent, timeoutMs) => inDeno(variables(), extent, timeoutMs),
    ...more,
  });
  const isShort = { isShort: true };
  const newer = 'lavapipe, Mesa 25';
  const glsl = { compiler: 'Tint, GLSL' };
  return [
    dawn('SwiftShader', swiftShader, [], isShort),
    dawn(newer, lavapipe('backports'), [], isShort),
    ...['128', '512'].map((bits) =>
      dawn(`${newer}, vectors of ${bits} bits`, lavapipe('backports', { LP_NATIVE_VECTOR_WIDTH: bits })),
    ),
    ...['sse2', 'sse4.1', 'avx'].map((caps) =>
      dawn(`${newer}, at most ${caps}`, lavapipe('backports', { GALLIUM_OVERRIDE_CPU_CAPS: caps })),
    ),
    dawn(`${newer}, x87`, lavapipe('backports', { GALLIUM_OVERRIDE_CPU_CAPS: 'nosse' }), [], isShort),
    ...TOGGLES.map(([what, names]) =>
      dawn(`${newer}, ${what} ${names}`, lavapipe('backports'), [`${what}-dawn-features=${names}`]),
    ),
    ...['opengl', 'opengles'].map((backend) =>
      dawn(`llvmpipe GL, Mesa 25 (${backend})`, gl('backports'), [`backend=${backend}`], glsl),
    ),
    wgpu('SwiftShader', swiftShader, isShort),
    wgpu('lavapipe, Mesa 22.3', lavapipe('stable'), isShort),
    wgpu(newer, lavapipe('backports')),
    wgpu(`${newer}, x87`, lavapipe('backports', { GALLIUM_OVERRIDE_CPU_CAPS: 'nosse' })),
    ...['stable', 'backports'].map((from) =>
      wgpu(`llvmpipe GL, Mesa ${from === 'stable' ? '22.3' : '25'}`, gl(from, { DENO_WEBGPU_BACKEND: 'gl' }), {
        compiler: 'naga, GLSL',
      }),
    ),
    wgpu('softpipe GL, Mesa 22.3', gl('stable', { DENO_WEBGPU_BACKEND: 'gl', ...SOFTPIPE }), {
      compiler: 'naga, GLSL',
    }),
    {
      implementation: `Chromium (@sparticuz/chromium ${versionOf('@sparticuz/chromium')})`,
      compiler: 'Tint, SPIR-V',
      driver: 'SwiftShader',
      isShort: true,
      run: (extent, timeoutMs) => inChromium(extent, [], timeoutMs),
    },
    {
      implementation: 'Firefox ESR (Debian)',
      compiler: 'naga, SPIR-V',
      driver: newer,
      isShort: true,
      run: (extent, timeoutMs) => {
        const { program, libraries } = setUpFirefox();
        const { LD_LIBRARY_PATH, ...variables } = lavapipe('backports')();
        return inFirefox(
          extent,
          { program, env: { ...variables, LD_LIBRARY_PATH: `${LD_LIBRARY_PATH}:${libraries}` } },
          timeoutMs,
        );
      },
    },
  ];
}

function versionOf(name) {
  return JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url)), 'utf8'),
  ).version;
}

/** The program of Deno. Packages are installed without their scripts, which would make it executable. */
function denoProgram() {
  const names = { 'linux-x64': 'linux-x64-glibc', 'linux-arm64': 'linux-arm64-glibc' };
  const platform = `${process.platform}-${process.arch}`;
  const name = `@deno/${names[platform] ?? platform}/deno${process.platform === 'win32' ? '.exe' : ''}`;
  let program;
  try {
    program = require.resolve(name);
  } catch {
    throw new CannotSetUp(`The package deno brings no program for ${platform}.`);
  }
  chmodSync(program, 0o755);
  return program;
}

function inDawn(variables, flags, extent, timeoutMs) {
  const script = fileURLToPath(new URL('in-node.mjs', import.meta.url));
  return inProcess(process.execPath, [script, extent, ...flags], variables, timeoutMs);
}

/** @returns {Promise<import("./compare.mjs").Found | { missing: string }>} from Deno, in a process of its own */
export function inDeno(variables, extent, timeoutMs) {
  const script = fileURLToPath(new URL('in-deno.mjs', import.meta.url));
  return inProcess(denoProgram(), ['run', '-A', '--unstable-webgpu', script, extent], variables, timeoutMs);
}

/** Resolves to the last line that a process prints. */
function inProcess(program, args, variables, timeoutMs) {
  const child = spawn(program, args, { env: { ...process.env, ...variables }, timeout: timeoutMs });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', (text) => (printed[stream] += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const line = printed.stdout.trim().split('\n').at(-1);
      if (line?.startsWith('{')) resolve(JSON.parse(line));
      else if (signal !== null) resolve({ missing: `it ended by ${signal}` });
      else resolve({ missing: reasonIn(printed.stderr) ?? `it ended with ${code} and said nothing` });
    });
  });
}

function reasonIn(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Warning:'));
  return lines.find((line) => /error/i.test(line)) ?? lines[0];
}
