/**
 * Mesa's drivers for the CPU, and Firefox, out of Debian's packages: small systems of their own, unpacked into ignored folders.
 * Nothing is installed, and root is not needed: 450 MB to download, 2 GB unpacked.
 */
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotSetUp, debianRelease, unpackPackages } from '../debian-packages.mjs';
import { SOFTWARE_GPU_FOLDER, unpackSoftwareGpu } from '../software-gpu.mjs';

const CACHE = fileURLToPath(new URL('../../.cache/stacks', import.meta.url));

/** With the folders that a root has, and the loader of drivers. */
const MESA = ['base-files', 'libvulkan1', 'mesa-vulkan-drivers', 'libegl1', 'libgles2', 'libgl1-mesa-dri'];

const SYSTEMS = {
  stable: { suites: ['bookworm'], packages: MESA },
  backports: {
    suites: ['bookworm', 'bookworm-security', 'bookworm-backports'],
    packages: [...MESA, 'firefox-esr'],
    firefox: { name: 'firefox-esr', program: '/usr/lib/firefox-esr/firefox-esr' },
  },
  sid: {
    suites: ['sid'],
    packages: [...MESA, 'firefox'],
    firefox: { name: 'firefox', program: '/usr/lib/firefox/firefox' },
  },
};

/** Paths in the root of a system. Mesa 22.3's own manifest has its library by a path, where the machine's would be. */
const LAVAPIPE = '/opt/lavapipe.json';
const SWIFTSHADER = '/opt/swiftshader';

/** No warnings of a layer that is no driver, and code that is compiled anew. */
const COMMON = { NODEVICE_SELECT: '1', MESA_SHADER_CACHE_DISABLE: 'true' };

/**
 * @typedef {object} System
 * @property {string} root
 * @property {string} mesaVersion
 * @property {{ version: string, program: string }} [firefox] the program in the root
 * @property {(program: string, args: readonly string[]) => [string, string[]]} onItsLibraries what to start to have a program of
 * the machine run with the system's C library and drivers
 * @property {Record<string, string>} vulkan variables for such a program
 * @property {Record<string, string>} gl
 */

/**
 * @param {keyof typeof SYSTEMS} name Debian 12; with its backports, a newer Mesa and Firefox ESR; and sid, where new versions come first
 * @returns {System}
 * @throws CannotSetUp
 */
export function setUpSystem(name) {
  if (debianRelease() === undefined || process.arch !== 'x64') {
    throw new CannotSetUp('Expected Debian on x64, whose packages have the drivers.');
  }
  const { suites, packages, firefox } = SYSTEMS[name];
  const folder = path.join(CACHE, name);
  const versions = unpackPackages(folder, suites, packages, { withDependencies: true });
  const root = path.join(folder, 'root');
  mkdirSync(path.join(root, 'opt'), { recursive: true });
  const manifest = { file_format_version: '1.0.0', ICD: { library_path: 'libvulkan_lvp.so', api_version: '1.1.0' } };
  writeFileSync(path.join(root, LAVAPIPE), JSON.stringify(manifest));
  const libraries = ['lib', 'usr/lib'].map((name) => path.join(root, name, 'x86_64-linux-gnu'));
  const loader = path.join(libraries[0], 'ld-linux-x86-64.so.2');
  return {
    root,
    mesaVersion: upstream(versions['mesa-vulkan-drivers']),
    firefox: firefox && { version: upstream(versions[firefox.name]), program: firefox.program },
    onItsLibraries: (program, args) => [loader, ['--library-path', libraries.join(':'), program, ...args]],
    // Deno takes GL where no Vulkan driver loads, unless it is told what to take.
    vulkan: { ...COMMON, DENO_WEBGPU_BACKEND: 'vulkan', VK_DRIVER_FILES: path.join(root, LAVAPIPE) },
    gl: {
      ...COMMON,
      DENO_WEBGPU_BACKEND: 'gl',
      VK_DRIVER_FILES: '/nonexistent',
      EGL_PLATFORM: 'surfaceless',
      LIBGL_ALWAYS_SOFTWARE: '1',
      LIBGL_DRIVERS_PATH: path.join(libraries[1], 'dri'),
      __EGL_VENDOR_LIBRARY_FILENAMES: path.join(root, 'usr/share/glvnd/egl_vendor.d/50_mesa.json'),
    },
  };
}

/** A version such as 26.2.6-1 without Debian's revision. */
function upstream(version) {
  return version.split('-')[0];
}

/**
 * @param {string} root of a system
 * @param {'SwiftShader' | 'lavapipe'} driver
 * @returns {Record<string, string>} variables for a program that runs in that root
 */
export function driverInRoot(root, driver) {
  if (driver === 'lavapipe') return { ...COMMON, VK_DRIVER_FILES: LAVAPIPE };
  unpackSoftwareGpu();
  const folder = path.join(root, SWIFTSHADER);
  if (!existsSync(folder)) cpSync(SOFTWARE_GPU_FOLDER, folder, { recursive: true });
  return { ...COMMON, VK_DRIVER_FILES: `${SWIFTSHADER}/vk_swiftshader_icd.json` };
}
