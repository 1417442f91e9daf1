/**
 * Mesa's Vulkan drivers and what is needed to compile shaders with them, from Debian's packages, unpacked into the ignored
 * folder .cache/mesa: nothing is installed. Debian's stable Mesa is older than its backport, which knows newer GPUs.
 */
import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotSetUp, debianRelease, run, unpackPackages } from '../debian-packages.mjs';

/** Where {@link setUpMesa} unpacks to. */
const MESA_FOLDER = fileURLToPath(new URL('../../.cache/mesa', import.meta.url));

/** The only release for which the lists of packages below are complete. */
const RELEASE = 'bookworm';
const BACKPORTS = ['mesa-vulkan-drivers', 'libdrm2', 'libdrm-amdgpu1', 'libdrm-dev'];
/** The loader, its headers, the assembler, and what Mesa's drivers load and a small installation lacks. */
const STABLE = [
  ...['libvulkan1', 'libvulkan-dev', 'spirv-tools'],
  ...['libllvm15', 'libelf1', 'libexpat1', 'libedit2', 'libffi8', 'libz3-4', 'libxml2', 'libicu72', 'libtinfo6'],
  ...['libwayland-client0', 'libx11-xcb1', 'libxau6', 'libxdmcp6', 'libxshmfence1', 'libbsd0', 'libmd0'],
  ...['libxcb1', 'libxcb-dri3-0', 'libxcb-present0', 'libxcb-randr0', 'libxcb-shm0', 'libxcb-sync1', 'libxcb-xfixes0'],
];
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/**
 * What is unpacked in a folder, and how to run it.
 *
 * @typedef {object} Mesa
 * @property {{ mesa: string, spirvTools: string }} versions of Debian's packages
 * @property {string} program compile_pipelines
 * @property {string} assembler spirv-as
 * @property {string} pretendIntel the library pretend_intel
 * @property {(driver: 'radeon' | 'intel' | 'lvp') => Record<string, string>} variables for a process that is to use a driver
 */

/**
 * Downloads and unpacks the packages, if that was not done before, and compiles the programs in C++.
 *
 * @param {(text: string) => void} report is told what takes time
 * @returns {Mesa}
 * @throws CannotSetUp
 */
export function setUpMesa(report) {
  const root = join(MESA_FOLDER, 'root');
  if (debianRelease() !== RELEASE || process.arch !== 'x64') {
    throw new CannotSetUp(`Expected Debian 12 (${RELEASE}) on x64, whose packages have the compilers.`);
  }
  if (!existsSync(root)) report('Downloading Mesa and spirv-tools from Debian, 60 MB, into .cache/mesa ...\n');
  const backports = `${RELEASE}-backports`;
  const names = [...BACKPORTS.map((name) => `${name}/${backports}`), ...STABLE];
  const versions = unpackPackages(MESA_FOLDER, [RELEASE, backports], names);
  const libraries = join(root, LIBRARIES);
  return {
    versions: { mesa: versions['mesa-vulkan-drivers'], spirvTools: versions['spirv-tools'] },
    program: compile('compile_pipelines', root, [join(libraries, 'libvulkan.so.1')]),
    pretendIntel: compile('pretend_intel', root, ['-shared', '-fPIC']),
    assembler: join(root, 'usr/bin/spirv-as'),
    variables: (driver) => ({
      LD_LIBRARY_PATH: libraries,
      VK_DRIVER_FILES: join(root, `usr/share/vulkan/icd.d/${driver}_icd.json`),
      NODEVICE_SELECT: '1', // a Mesa layer that may be installed writes warnings otherwise
      MESA_SHADER_CACHE_DISABLE: 'true', // what comes from the cache has no disassembly
    }),
  };
}

/** Compiles a program of this folder where its source is newer. */
function compile(name, root, args) {
  const source = fileURLToPath(new URL(`${name}.cc`, import.meta.url));
  const program = join(MESA_FOLDER, name);
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  const unfinished = `${program}.${process.pid}`;
  const include = join(root, 'usr/include');
  const options = ['-std=c++17', '-I', include, '-I', join(include, 'libdrm'), '-o', unfinished];
  run('c++', [...options, source, ...args], MESA_FOLDER, Error);
  renameSync(unfinished, program);
  return program;
}
