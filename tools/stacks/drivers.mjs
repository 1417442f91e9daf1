/** Drivers and Firefox out of Debian's packages, unpacked into ignored folders: nothing is installed, and root is not needed. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotSetUp, debianRelease, unpackPackages } from '../debian-packages.mjs';

const CACHE = fileURLToPath(new URL('../../.cache/stacks', import.meta.url));
const RELEASE = 'bookworm';
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** What Mesa's drivers load and a small installation lacks. */
const COMMON = [
  ...['libvulkan1', 'libelf1', 'libexpat1', 'libedit2', 'libffi8', 'libz3-4', 'libxml2', 'libicu72', 'libtinfo6'],
  ...['libwayland-client0', 'libwayland-server0', 'libx11-xcb1', 'libx11-6', 'libxau6', 'libxdmcp6', 'libxshmfence1'],
  ...['libbsd0', 'libmd0', 'libsensors5', 'libzstd1', 'libxcb1', 'libxcb-dri2-0', 'libxcb-dri3-0', 'libxcb-present0'],
  ...[
    'libxcb-randr0',
    'libxcb-shm0',
    'libxcb-sync1',
    'libxcb-xfixes0',
    'libegl1',
    'libgles2',
    'libglvnd0',
    'libllvm15',
  ],
];
const MESA = ['mesa-vulkan-drivers', 'libegl-mesa0', 'libgl1-mesa-dri', 'libgbm1', 'libdrm2'];
const DRM = ['libdrm-amdgpu1', 'libdrm-intel1', 'libdrm-nouveau2', 'libdrm-radeon1', 'libpciaccess0'];

/**
 * Mesa with its Vulkan and GL drivers for the CPU.
 *
 * @typedef {{ version: string, vulkan: Record<string, string>, gl: Record<string, string> }} Mesa variables for a process
 */

/**
 * @param {'stable' | 'backports'} from Debian 12's own, 22.3, or its newer one
 * @returns {Mesa}
 * @throws CannotSetUp
 */
export function setUpMesa(from) {
  requireDebian();
  const suites = from === 'stable' ? [RELEASE] : [RELEASE, `${RELEASE}-backports`];
  const suffix = from === 'stable' ? '' : `/${RELEASE}-backports`;
  const names = [...MESA, ...DRM.slice(0, 4)].map((name) => `${name}${suffix}`);
  const more = from === 'stable' ? ['libglapi-mesa'] : [`mesa-libgallium${suffix}`];
  const folder = path.join(CACHE, `mesa-${from}`);
  const versions = unpackPackages(folder, suites, [...names, ...more, ...DRM.slice(4), ...COMMON]);
  const root = path.join(folder, 'root');
  const libraries = path.join(root, LIBRARIES);
  const icd = ['lvp_icd.x86_64.json', 'lvp_icd.json'].map((name) => path.join(root, 'usr/share/vulkan/icd.d', name));
  const common = { LD_LIBRARY_PATH: libraries, NODEVICE_SELECT: '1', MESA_SHADER_CACHE_DISABLE: 'true' };
  return {
    version: versions['mesa-vulkan-drivers'],
    vulkan: { ...common, VK_DRIVER_FILES: icd.find(existsSync) },
    gl: {
      ...common,
      VK_DRIVER_FILES: '/nonexistent',
      EGL_PLATFORM: 'surfaceless',
      LIBGL_ALWAYS_SOFTWARE: '1',
      LIBGL_DRIVERS_PATH: path.join(libraries, 'dri'),
      __EGL_VENDOR_LIBRARY_FILENAMES: path.join(root, 'usr/share/glvnd/egl_vendor.d/50_mesa.json'),
    },
  };
}

/**
 * @returns {{ version: string, program: string, libraries: string }}
 * @throws CannotSetUp
 */
export function setUpFirefox() {
  requireDebian();
  const folder = path.join(CACHE, 'firefox');
  const versions = unpackPackages(folder, [RELEASE, `${RELEASE}-security`], ['firefox-esr', 'libvpx7']);
  const root = path.join(folder, 'root');
  return {
    version: versions['firefox-esr'],
    program: path.join(root, 'usr/lib/firefox-esr/firefox-esr'),
    libraries: path.join(root, LIBRARIES),
  };
}

function requireDebian() {
  if (debianRelease() !== RELEASE || process.arch !== 'x64') {
    throw new CannotSetUp(`Expected Debian 12 (${RELEASE}) on x64, whose packages have the drivers.`);
  }
}
