/** The combinations of implementation, compiler and driver, and how each is started. */
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { CannotSetUp } from '../debian-packages.mjs';
import { softwareGpuExists, unpackSoftwareGpu } from '../software-gpu.mjs';
import { driverInRoot, setUpSystem } from './drivers.mjs';
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
 * @property {(extent: 'quick' | 'full', timeoutMs: number) => Promise<Result & { implementation?: string, driver?: string }>} run
 * resolves with the names again where setting up tells their versions
 */

/** What was found, or why nothing was. @typedef {import('./compare.mjs').Found | { missing: string }} Result */

/**
 * Variables for a process, and, for a driver of another system, what to start in place of a program and its arguments.
 *
 * @typedef {object} Driver
 * @property {Record<string, string>} variables
 * @property {(program: string, args: readonly string[]) => [string, string[]]} [onItsLibraries]
 * @property {string} [mesaVersion]
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

const MESA = { stable: 'Mesa 22.3', backports: 'Mesa 25', sid: 'Mesa of sid' };

/** The name of a driver once it is set up: sid's versions change. */
function withVersion(driver, mesaVersion) {
  return driver.replace(MESA.sid, `Mesa ${mesaVersion}`);
}

/** @returns {Combination[]} */
export function combinations() {
  const systems = new Map();
  const system = (name) => {
    if (!systems.has(name)) systems.set(name, setUpSystem(name));
    return systems.get(name);
  };
  const swiftShader = {
    name: 'SwiftShader',
    setUp: () => {
      if (!softwareGpuExists) throw new CannotSetUp('SwiftShader comes for Linux on x64.');
      return { variables: unpackSoftwareGpu() };
    },
  };
  const own = { name: 'own driver', setUp: () => ({ variables: {} }) };
  const mesa = (name, from, api, more) => ({
    name,
    setUp: () => {
      const { [api]: variables, onItsLibraries, mesaVersion } = system(from);
      return { variables: { ...variables, ...more }, onItsLibraries, mesaVersion };
    },
  });
  const lavapipe = (from, how = '', more = {}) => mesa(`lavapipe, ${MESA[from]}${how}`, from, 'vulkan', more);
  const gl = (from, how = '', more = {}) => mesa(`llvmpipe GL, ${MESA[from]}${how}`, from, 'gl', more);
  const combination = (implementation, { name, setUp }, run, more) => ({
    implementation,
    driver: name,
    run: async (extent, timeoutMs) => {
      const driver = setUp();
      return { ...(await run(driver, extent, timeoutMs)), driver: withVersion(name, driver.mesaVersion) };
    },
    ...more,
  });
  const dawn = (driver, { flags = [], ...more } = {}) =>
    combination(
      `Dawn (webgpu ${versionOf('webgpu')})`,
      driver,
      (ready, extent, timeoutMs) => inDawn(ready, flags, extent, timeoutMs),
      { compiler: 'Tint, SPIR-V', ...more },
    );
  const wgpu = (driver, more) =>
    combination(`wgpu (Deno ${versionOf('deno')})`, driver, inDeno, { compiler: 'naga, SPIR-V', ...more });
  const firefox = (from, driver, more) => {
    const name = driver === 'lavapipe' ? `lavapipe, ${MESA[from]}` : driver;
    return {
      implementation: from === 'sid' ? 'Firefox of sid' : 'Firefox ESR',
      compiler: 'naga, SPIR-V',
      driver: name,
      run: async (extent, timeoutMs) => {
        const { root, mesaVersion, firefox } = system(from);
        const started = { root, program: firefox.program, variables: driverInRoot(root, driver) };
        const found = await inFirefox(started, extent, timeoutMs);
        return { ...found, implementation: `Firefox ${firefox.version}`, driver: withVersion(name, mesaVersion) };
      },
      ...more,
    };
  };
  const isShort = { isShort: true };
  const x87 = { GALLIUM_OVERRIDE_CPU_CAPS: 'nosse' };
  return [
    dawn(own, { compiler: 'Tint', ...isShort }),
    wgpu(own, { compiler: 'naga', ...isShort }),
    dawn(swiftShader, isShort),
    dawn(lavapipe('backports'), isShort),
    ...['128', '512'].map((bits) =>
      dawn(lavapipe('backports', `, vectors of ${bits} bits`, { LP_NATIVE_VECTOR_WIDTH: bits })),
    ),
    ...['sse2', 'sse4.1', 'avx'].map((caps) =>
      dawn(lavapipe('backports', `, at most ${caps}`, { GALLIUM_OVERRIDE_CPU_CAPS: caps })),
    ),
    dawn(lavapipe('backports', ', x87', x87), isShort),
    dawn(lavapipe('sid'), isShort),
    dawn(lavapipe('sid', ', x87', x87)),
    ...TOGGLES.map(([what, names]) =>
      dawn(lavapipe('backports', `, ${what} ${names}`), { flags: [`${what}-dawn-features=${names}`] }),
    ),
    ...['backports', 'sid'].flatMap((from) =>
      ['opengl', 'opengles'].map((backend) =>
        dawn(gl(from, ` (${backend})`), { flags: [`backend=${backend}`], compiler: 'Tint, GLSL' }),
      ),
    ),
    wgpu(swiftShader, isShort),
    wgpu(lavapipe('stable'), isShort),
    wgpu(lavapipe('backports')),
    wgpu(lavapipe('backports', ', x87', x87)),
    wgpu(lavapipe('sid'), isShort),
    ...['stable', 'backports', 'sid'].map((from) => wgpu(gl(from), { compiler: 'naga, GLSL' })),
    {
      implementation: `Chromium (@sparticuz/chromium ${versionOf('@sparticuz/chromium')})`,
      compiler: 'Tint, SPIR-V',
      driver: 'SwiftShader',
      isShort: true,
      run: (extent, timeoutMs) => inChromium(extent, [], timeoutMs),
    },
    firefox('backports', 'SwiftShader'),
    firefox('backports', 'lavapipe'),
    firefox('sid', 'SwiftShader'),
    firefox('sid', 'lavapipe', isShort),
    // The slowest by far.
    wgpu(mesa(`softpipe GL, ${MESA.stable}`, 'stable', 'gl', SOFTPIPE), { compiler: 'naga, GLSL' }),
  ];
}

function versionOf(name) {
  return JSON.parse(
    readFileSync(fileURLToPath(new URL(`../../node_modules/${name}/package.json`, import.meta.url)), 'utf8'),
  ).version;
}

/** The program of Deno. Packages are installed without their scripts, which would make it executable. */
export function denoProgram() {
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

function inDawn(driver, flags, extent, timeoutMs) {
  const script = fileURLToPath(new URL('in-node.mjs', import.meta.url));
  return inProcess(driver, process.execPath, [script, extent, ...flags], timeoutMs);
}

/**
 * From Deno, in a process of its own.
 *
 * @param {Driver} driver
 * @returns {Promise<Result>}
 */
export function inDeno(driver, extent, timeoutMs) {
  const script = fileURLToPath(new URL('in-deno.mjs', import.meta.url));
  return inProcess(driver, denoProgram(), ['run', '-A', '--unstable-webgpu', script, extent], timeoutMs);
}

/** Resolves to the last line that a process prints. */
function inProcess({ variables, onItsLibraries = (...started) => started }, program, args, timeoutMs) {
  const env = { ...process.env, ...variables };
  const child = spawn(...onItsLibraries(program, args), { env, timeout: timeoutMs, killSignal: 'SIGKILL' });
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
