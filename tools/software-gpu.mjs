/**
 * A GPU in software for tests, on linux-x64 without root and without a GPU: SwiftShader and the Vulkan loader out of the
 * npm package @sparticuz/chromium, unpacked once into the ignored folder .cache/swiftshader. Part of setting up the tests:
 * the variables must be set before the process that uses WebGPU starts, since the loader of shared libraries reads
 * LD_LIBRARY_PATH only then.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

/** Where {@link unpackSoftwareGpu} unpacks to. */
export const SOFTWARE_GPU_FOLDER = fileURLToPath(new URL('../.cache/swiftshader', import.meta.url));
const ICD = 'vk_swiftshader_icd.json';
const FILES = ['libvk_swiftshader.so', 'libvulkan.so.1', ICD];

/** Whether the software GPU exists for this platform; where it does, a test that finds no adapter must fail. */
export const softwareGpuExists = process.platform === 'linux' && process.arch === 'x64';

/**
 * Unpacks the software GPU, if that was not done before.
 *
 * @returns {Record<string, string>} the environment variables for the process that uses WebGPU; none on a platform for
 * which there is no software GPU
 */
export function unpackSoftwareGpu() {
  if (!softwareGpuExists) return {};
  if (!FILES.every((name) => existsSync(join(SOFTWARE_GPU_FOLDER, name)))) unpack();
  const inherited = process.env.LD_LIBRARY_PATH;
  return {
    LD_LIBRARY_PATH: inherited ? `${SOFTWARE_GPU_FOLDER}:${inherited}` : SOFTWARE_GPU_FOLDER,
    VK_DRIVER_FILES: join(SOFTWARE_GPU_FOLDER, ICD),
    NODEVICE_SELECT: '1', // a Mesa layer that may be installed writes warnings otherwise
  };
}

function unpack() {
  unpackArchive('swiftshader.tar.br', SOFTWARE_GPU_FOLDER, (name) => FILES.includes(name));
}

/**
 * Unpacks files of an archive of the package @sparticuz/chromium. Each is renamed into place: a process beside this one never
 * sees half a library.
 *
 * @param {string} archive in the package's folder bin
 * @param {string} folder where to
 * @param {(name: string) => boolean} isWanted
 */
export function unpackArchive(archive, folder, isWanted = () => true) {
  for (const [name, content] of filesOfTar(readPacked(archive))) if (isWanted(name)) place(join(folder, name), content);
}

/**
 * Reads a file of the package @sparticuz/chromium.
 *
 * @param {string} name in its folder bin
 * @returns {Buffer}
 */
export function readPacked(name) {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  return brotliDecompressSync(readFileSync(join(entry, '../../bin', name)));
}

/**
 * Writes a program or library.
 *
 * @param {string} file
 * @param {Uint8Array} content
 */
export function place(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, content, { mode: 0o755 });
  renameSync(unfinished, file);
}

/** The plain files of a ustar archive: headers of 512 bytes, name at 0, size in octal at 124, type at 156. */
function* filesOfTar(tar) {
  const text = (at, length) => tar.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  for (let at = 0; at < tar.length && tar[at] !== 0; ) {
    const byteLength = Number.parseInt(text(at + 124, 12), 8);
    const isFile = '\x000'.includes(String.fromCharCode(tar[at + 156]));
    if (isFile) yield [text(at, 100), tar.subarray(at + 512, at + 512 + byteLength)];
    at += 512 + Math.ceil(byteLength / 512) * 512;
  }
}
