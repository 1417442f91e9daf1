/**
 * Whether Linux has what Dawn finds GPUs with: the Vulkan loader, and a driver. Where one of them is missing, loading Dawn
 * would only cost time and print its warnings to standard error, which no option of it prevents (webgpu 0.6.2).
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { readVariable } from '../environment.js';

const VULKAN_LOADER = 'libvulkan.so.1';

/** What is missing, a clause for people; undefined where nothing is, and on other systems than Linux. */
export function missingVulkan(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  if (!hasVulkanLoader()) return `the Vulkan loader, ${VULKAN_LOADER}, is not installed`;
  return listManifests().every(flawOf) ? 'no Vulkan driver is installed' : undefined;
}

export function hasVulkanLoader(): boolean {
  return isLibrary(VULKAN_LOADER);
}

/** Clauses on the manifests that exist, but lead to no driver. */
export function flawedManifests(): string[] {
  return listManifests().flatMap((path) => (exists(path) ? (flawOf(path) ?? []) : []));
}

/** The files named by VK_DRIVER_FILES or VK_ICD_FILENAMES that do not exist. */
export function missingManifests(): string[] {
  return namedPlaces().filter((place) => !exists(place));
}

/**
 * The manifests, in which drivers name their libraries, wherever the loader looks for them on Linux (LoaderDriverInterface
 * in its documentation); /run/opengl-driver is NixOS's. What is listed in vain costs nothing, what is left out hides a GPU.
 */
function listManifests(): string[] {
  const named = namedPlaces();
  const home = readVariable('HOME') ?? '';
  const folders = [
    ...pathsIn('XDG_CONFIG_HOME', join(home, '.config')),
    ...pathsIn('XDG_CONFIG_DIRS', '/etc/xdg'),
    '/etc',
    '/usr/local/etc',
    ...pathsIn('XDG_DATA_HOME', join(home, '.local/share')),
    ...pathsIn('XDG_DATA_DIRS', '/usr/local/share', '/usr/share'),
    '/run/opengl-driver/share',
  ].map((folder) => join(folder, 'vulkan/icd.d'));
  const places = [...pathsIn('VK_ADD_DRIVER_FILES'), ...(named.length > 0 ? named : folders)];
  return places.flatMap((place) => (place.endsWith('.json') ? [place] : manifestsIn(place)));
}

/** Files and folders, which stand for the manifests in them. */
function namedPlaces(): string[] {
  return [...pathsIn('VK_DRIVER_FILES'), ...pathsIn('VK_ICD_FILENAMES')];
}

function manifestsIn(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** Why a manifest leads to no driver. Not by JSON.parse: the loader is more lenient. */
function flawOf(path: string): string | undefined {
  let manifest: string;
  try {
    manifest = readFileSync(path, 'utf8');
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code})`;
  }
  const library = /"library_path"\s*:\s*"([^"]+)"/.exec(manifest)?.[1];
  if (library === undefined) return `${path} names no driver`;
  const isThere = library.includes('/') ? exists(resolve(dirname(path), library)) : isLibrary(library);
  return isThere ? undefined : `${path} names ${library}, which is missing`;
}

/** Of Debian and its kin, by `process.arch`. */
const MULTIARCH: Readonly<Record<string, string>> = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };

/**
 * Whether the dynamic linker finds a library. A container with a read-only file system may have libraries in its usual
 * folders that are not in the linker's cache.
 */
function isLibrary(name: string): boolean {
  const usual = ['/lib', '/usr/lib', '/lib64', '/usr/lib64'];
  const multiarch = ['/lib', '/usr/lib'].map((folder) => join(folder, MULTIARCH[process.arch] ?? ''));
  const folders = [...pathsIn('LD_LIBRARY_PATH'), ...usual, ...multiarch];
  if (folders.some((folder) => exists(join(folder, name)))) return true;
  try {
    return readFileSync('/etc/ld.so.cache').includes(`${name}\0`); // holds plain names
  } catch {
    return true; // no such cache on this system: let Dawn try
  }
}

function pathsIn(variable: string, ...others: readonly string[]): readonly string[] {
  const paths = (readVariable(variable) ?? '').split(delimiter).filter((path) => path !== '');
  return paths.length > 0 ? paths : others;
}

/** Whether a file or folder can be seen. Node's permission model lets existsSync throw. */
export function exists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}
