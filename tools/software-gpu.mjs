/**
 * A GPU in software for tests, on linux-x64 without root and without a GPU: SwiftShader and the Vulkan loader out of the
 * npm package @sparticuz/chromium, unpacked once into the ignored folder .cache/swiftshader. Part of setting up the tests:
 * the variables must be set before the process that uses WebGPU starts, since the loader of shared libraries reads
 * LD_LIBRARY_PATH only then.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
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

/** Each file is renamed into place: a process beside this one never sees half a library. */
function unpack() {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const tar = brotliDecompressSync(readFileSync(join(entry, '../../bin/swiftshader.tar.br')));
  mkdirSync(SOFTWARE_GPU_FOLDER, { recursive: true });
  for (const [name, content] of filesOfTar(tar)) {
    if (!FILES.includes(name)) continue;
    const unfinished = join(SOFTWARE_GPU_FOLDER, `${name}.${process.pid}`);
    writeFileSync(unfinished, content, { mode: 0o755 });
    renameSync(unfinished, join(SOFTWARE_GPU_FOLDER, name));
  }
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
