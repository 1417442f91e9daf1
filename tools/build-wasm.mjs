/**
 * Compiles the kernel of native-fallback/ to WebAssembly with the clang of npm's @yowasp/clang, which is WebAssembly itself:
 * a machine needs no compiler for it. What was compiled once is kept in .cache/, by a hash of all that goes in.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = path.join(ROOT, 'native-fallback');
/** Compiled as one, since the compiler takes seconds to start. */
const UNITS = ['wasm.cc', 'simd/wasm128.cc'];
const UNIT = 'kernel.cc';
/** Generated, and not in git. */
export const KERNEL_CODE = 'src/wasm/kernel-code.ts';

const PAGE_BYTES = 65536;
/** The kernel's memory, which never grows: 64 KiB of stack, its constants, what it computes with, and pieces. */
const MEMORY_PAGES = 66;

/** Those of binding.gyp; -O2 gives half the size of -O3 at the same speed. Nothing is linked that is not in the sources. */
const FLAGS = [
  ...['-std=gnu++17', '-O2', '-msimd128', '-mbulk-memory', '-ffp-contract=off', '-fno-math-errno'],
  ...['-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics', '-fvisibility=hidden', '-Wall', '-Wextra', '-Werror'],
  ...['-nostdlib', '-Wl,--no-entry', '-Wl,--strip-all', '-Wl,-z,stack-size=65536', '-Wl,--import-memory'],
  ...[`-Wl,--initial-memory=${MEMORY_PAGES * PAGE_BYTES}`, `-Wl,--max-memory=${MEMORY_PAGES * PAGE_BYTES}`],
];

/**
 * Writes the module, and what a worker thread runs with it, as text in a TypeScript module, so that neither Node nor a page
 * loads a file for them.
 */
export async function writeKernelCode() {
  const module = Buffer.from(await compileKernel());
  const workerCode = await bundleWorker();
  const text = `/** Generated from native-fallback/ and src/wasm/worker.ts by tools/build-wasm.mjs. */
export const kernelCode: string = '${module.toString('base64')}';
/** Of 64 KiB each, in the memory that the module imports. */
export const memoryPages = ${MEMORY_PAGES};
/** Where the module says whether that memory is shared, and what it says if it is. */
export const sharingAt = ${sharingAt(module)};
export const shared = ${SHARED};
export const workerCode: string = ${JSON.stringify(workerCode)};
`;
  const file = path.join(ROOT, KERNEL_CODE);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

/** Flags of a memory that has a maximum (limits, in the section Binary Format of WebAssembly's specification). */
const NOT_SHARED = 1;
const SHARED = 3;

/**
 * The same code runs on memory of both kinds, since it contains no atomic operation: only this byte differs.
 *
 * @param {Buffer} module
 */
function sharingAt(module) {
  const memoryImport = Buffer.from('\x03env\x06memory\x02');
  const at = module.indexOf(memoryImport);
  if (at < 0 || module.indexOf(memoryImport, at + 1) >= 0 || module[at + memoryImport.length] !== NOT_SHARED) {
    throw new Error('Expected the compiled kernel to import one memory with a maximum, but it does not.');
  }
  return at + memoryImport.length;
}

/** @returns {Promise<string>} */
async function bundleWorker() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/wasm/worker.ts'],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    minify: true,
  });
  return outputFiles[0].text.trimEnd();
}

/** @returns {Promise<Uint8Array>} */
async function compileKernel() {
  const files = readSources();
  const compiler = JSON.parse(readFileSync(path.join(ROOT, 'node_modules/@yowasp/clang/package.json'), 'utf8'));
  const hash = createHash('sha256')
    .update(JSON.stringify([compiler.version, FLAGS, files]))
    .digest('hex');
  const cached = path.join(ROOT, '.cache/wasm', `${hash.slice(0, 16)}.wasm`);
  if (existsSync(cached)) return readFileSync(cached);
  process.stderr.write('Compiling the kernel to WebAssembly ...\n');
  const { runClang, runLLVM } = await import('@yowasp/clang');
  await runLLVM(null, {}, { fetchProgress: () => {} }); // loads it; what it would print goes to standard output
  const { module } = await runClang(['clang++', ...FLAGS, UNIT, '-o', 'module'], files);
  mkdirSync(path.dirname(cached), { recursive: true });
  writeFileSync(cached, module);
  return module;
}

/** The units and all headers. In one folder: the compiler's file system has no `..`. */
function readSources() {
  const headers = readdirSync(FOLDER).filter((name) => name.endsWith('.h'));
  const files = [...headers, ...UNITS].map((name) => {
    const code = readFileSync(path.join(FOLDER, name), 'utf8');
    return [path.basename(name), code.replaceAll('#include "../', '#include "')];
  });
  const unit = UNITS.map((name) => `#include "${path.basename(name)}"\n`).join('');
  return { ...Object.fromEntries(files), [UNIT]: unit };
}
