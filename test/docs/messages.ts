/** How to make the program say what docs/troubleshooting.md quotes: by section, in the page's order. */
import { Worker } from 'node:worker_threads';
import { parseCommandLine, type TransformRequest } from '../../src/cli/program.js';
import { errorText } from '../../src/cli/report.js';
import { runTransform } from '../../src/cli/run-transform.js';
import { verify } from '../../src/cli/verify.js';
import { crc32 } from '../../src/codec/crc32.js';
import { unreadable, unwritable } from '../../src/codec/file-errors.js';
import { decodePng, describeCodecs } from '../../src/codec/png.js';
import { createCpuBackend } from '../../src/cpu/cpu-backend.js';
import { adviseOn, type Findings, type SystemFacts } from '../../src/gpu/advice.js';
import { GpuFault } from '../../src/gpu/gpu-fault.js';
import { openGpuOf } from '../../src/gpu/open-gpu.js';
import { createRaster, type Image, type Raster } from '../../src/image.js';
import { type Result, type TransformOptions, transform, transformSync } from '../../src/index.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { Selector } from '../../src/select-backend.js';
import { folderWith, PNG_FILE, run } from '../cli/command.js';
import { jobOf, referenceOf } from '../jobs.js';
import { commandPath } from './pages.js';

type Said = () => string | Promise<string>;

const IMAGE: Image = { data: new Uint8Array(48), width: 4, height: 3, channels: 4 };

const FILES = {
  'photo.png': PNG_FILE,
  'second.png': PNG_FILE,
  'photo.jpg': Uint8Array.of(0xff, 0xd8, 0xff),
  'empty.png': new Uint8Array(0),
  'crlf.png': Uint8Array.from(PNG_FILE).fill(0x0a, 4, 6),
  'cut.png': PNG_FILE.subarray(0, 100),
  'flipped.png': Uint8Array.from(PNG_FILE).fill(PNG_FILE[45] ^ 1, 45, 46),
  'huge.png': hugeHeader(),
};

/** A picture of which the header says 60000x60000. */
function hugeHeader(): Uint8Array {
  const file = Buffer.from(PNG_FILE);
  file.writeUInt32BE(60000, 16);
  file.writeUInt32BE(60000, 20);
  file.writeUInt32BE(crc32(file.subarray(12, 29)), 29);
  return file;
}

interface Special {
  readonly env?: NodeJS.ProcessEnv;
  readonly before?: string;
}

async function linesOf(line: string, special: Special): Promise<string[]> {
  const { stderr } = await run(line.split(' '), { cwd: folderWith(FILES), script: commandPath, ...special });
  return stderr.trimEnd().split('\n');
}

/** The first line that the command says, without `error: ` before it. */
function command(line: string, special: Special = {}): Said {
  return async () => (await linesOf(line, special))[0].replace(/^error: /, '');
}

function lastLineOf(line: string, special: Special = {}): Said {
  return async () => (await linesOf(line, special)).at(-1)!;
}

/** What a call throws or rejects with. */
function thrown(call: () => unknown): Said {
  return async () => {
    try {
      await call();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('Expected a message, but nothing was thrown.');
  };
}

function refused(image: object, options: object = {}): Said {
  return thrown(() => transform({ ...IMAGE, ...image } as Image, options as TransformOptions));
}

function transferred(): Promise<unknown> {
  const image = { ...IMAGE, data: new Uint8Array(48) };
  const pending = transform(image);
  structuredClone(image.data, { transfer: [image.data.buffer] });
  return pending;
}

function decodedWithoutMemory(): Raster {
  const readSamples = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  return decodePng(PNG_FILE, { maxPixels: 100 }, { name: 'pngjs', settings: {}, readSamples });
}

/** What a system's error code becomes. */
function fileError(explain: (path: string, cause: unknown) => Error, name: string, code: string): Said {
  return () => explain(name, { code }).message;
}

/** Node's loader refuses a native library, as it does where another library that it needs is missing. */
function unloadable(library: string): string {
  return `const { dlopen } = process;
    process.dlopen = (module, path, ...rest) => {
      if (path.includes('${library}')) throw new Error('libgomp.so.1: cannot open shared object file');
      dlopen(module, path, ...rest);
    };`;
}

function terminal(stream: 'stdin' | 'stdout'): string {
  return `Object.defineProperty(process.${stream}, 'isTTY', { value: true });`;
}

function gpuFault(): GpuFault {
  const progress = { input: createRaster(1, 2160, 4), passesLeft: 1, rowsDone: 128, pixelsRedone: 0 };
  return new GpuFault('map', progress, new Error('the device was lost'));
}

function failingAddon(): Promise<unknown> {
  const fail = () => Promise.reject(new Error('std::bad_alloc'));
  const addon = { variants: ['portable'], hasOpenMp: true, transform: fail, transformSync: fail as never };
  const created = createCpuBackend({ addon });
  const image = createRaster(4, 3, 4);
  return 'backend' in created ? created.backend.transform(image, image, jobOf({})) : Promise.resolve();
}

function differing(): void {
  const input = createRaster(4, 3, 4);
  input.data.fill(100);
  const job = { ...DEFAULT_OPERATION, border: 'wrap' } as const;
  const received = referenceOf(input, job);
  received.data[(2 * 4 + 1) * 4] += 1;
  verify(input, received, job);
}

/** What the command says of a picture that another backend had to finish. */
async function warningOfFault(): Promise<string> {
  const said: string[] = [];
  const image = createRaster(1, 2160, 4);
  const reason = "the GPU failed after 128 of 2160 rows, the rest is the cpu backend's";
  const result = {
    image,
    backend: 'cpu',
    reason,
    fault: gpuFault().message,
    device: '',
    pixelsRedone: 0,
    elapsedMs: 0,
  };
  const steps = {
    read: async () => new Uint8Array(),
    decode: async () => image,
    transform: async () => result as Result,
    encode: async () => new Uint8Array(),
    codecs: describeCodecs,
    write: async () => {},
  };
  const { request } = parseCommandLine(['a.png', '-o', `${folderWith()}/`]) as { request: TransformRequest };
  await runTransform(request, steps, {
    record: async () => {},
    say: (text) => void said.push(text),
    isColoured: false,
  });
  return said[1];
}

function withoutPrefix(reason: string): string {
  return reason.replace(/^no GPU: /, '');
}

/** Why a selector whose GPU always fails leaves it alone in the end. */
async function reasonAfterFaults(): Promise<string> {
  const fail = () => Promise.reject(gpuFault());
  const backend = { name: 'gpu', transform: fail, dispose: () => {}, lost: new Promise(() => {}) } as never;
  const selector = new Selector(async () => ({ backend, adapter: {} as never }));
  const image = createRaster(1, 2160, 4);
  const runOnce = () => selector.run(image, createRaster(1, 2160, 4), jobOf({}));
  for (let fault = 0; fault < 3; fault++) await runOnce();
  return withoutPrefix((await runOnce()).reason);
}

function reasonInWorker(): Promise<string> {
  const script = `import(${JSON.stringify(import.meta.resolve('neighbor-product'))}).then(async ({ transform }) => {
    const image = { data: new Uint8Array(36), width: 3, height: 3, channels: 4 };
    require('node:worker_threads').parentPort.postMessage((await transform(image)).reason);
  })`;
  return new Promise((resolve, reject) => {
    new Worker(script, { eval: true }).on('message', (reason) => resolve(withoutPrefix(reason))).on('error', reject);
  });
}

/** A GPU that offers one adapter, or none. */
async function reasonOf(info: object | undefined): Promise<string> {
  const gpu = { requestAdapter: async () => (info === undefined ? null : { info }) };
  const opened = await openGpuOf(gpu as never, {} as never, { acceptSoftware: false });
  return 'reason' in opened ? opened.reason : 'opened';
}

/** The reason in the command's summary, on a machine of which some parts look different. */
function summaryReason(before: string): Said {
  return async () => {
    const [summary] = await linesOf('photo.png -o out.png', { before });
    return /no GPU: ([^)]*)\)/.exec(summary)?.[1] ?? summary;
  };
}

/** Replaces functions of node:fs, also for modules that import them by name. */
function withFiles(replacement: string): string {
  return `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module';
    ${replacement}
    syncBuiltinESMExports();`;
}

const NO_LOADER = `delete process.env.LD_LIBRARY_PATH; const { readFileSync } = fs;
  fs.readFileSync = (path, ...rest) => path === '/etc/ld.so.cache' ? Buffer.from('') : readFileSync(path, ...rest);`;
const LOADER_WITHOUT_DEVICES = `const { readFileSync, readdirSync } = fs;
  fs.readFileSync = (path, ...rest) =>
    path === '/etc/ld.so.cache' ? Buffer.from('libvulkan.so.1') : readFileSync(path, ...rest);
  fs.readdirSync = (path, ...rest) => /^\\/dev/.test(path) ? [] : readdirSync(path, ...rest);`;
const LOADER_WITH_DEVICE = LOADER_WITHOUT_DEVICES.replace('? []', "? ['renderD128']");

const SYSTEM: SystemFacts = {
  platform: 'linux',
  architecture: 'riscv64',
  hasVulkanLoader: true,
  hasNvidiaDriver: false,
  renderNodes: [],
  forbiddenRenderNodes: [],
  missingDriverFiles: [],
};
const NODE = '/dev/dri/renderD128';

function advice(facts: Partial<SystemFacts>, at = 0, failure?: string): Said {
  const findings: Findings = { adapters: [], system: { ...SYSTEM, ...facts }, ...(failure && { failure }) };
  return () => adviseOn(findings)[at];
}

const syncGpu = () => transformSync(IMAGE, { backend: 'gpu' });

export const MESSAGES: Readonly<Record<string, readonly Said[]>> = {
  INVALID_IMAGE: [
    refused({ data: [1, 2, 3] }),
    refused({ data: new Uint8Array(36) }),
    refused({ rowBytes: 12 }),
    refused({ data: new Uint8Array(Reflect.construct(ArrayBuffer, [48, { maxByteLength: 96 }])) }),
    refused({}, { output: { ...IMAGE, channels: 3 } }),
    thrown(transferred),
  ],
  INVALID_OPTION: [
    refused({}, { backend: 'cuda' }),
    refused({}, { boarder: 'wrap' }),
    command('photo.png -o out.png', { env: { NEIGHBOR_PRODUCT_BACKEND: 'cuda' } }),
    command('photo.png -o out.png --bordr wrap'),
    command('--quiet'),
    command('photo.png'),
    command('photo.png second.png -o out.png'),
    command('photo.png -o photo.png'),
  ],
  INVALID_PNG: ['photo.jpg', 'empty.png', 'crlf.png', 'cut.png', 'flipped.png'].map((name) =>
    command(`${name} -o out.png`),
  ),
  TOO_MANY_PIXELS: [command('huge.png -o out.png'), thrown(decodedWithoutMemory)],
  INPUT_UNREADABLE: [
    command('missing.png -o out.png'),
    command('*.jpg -o out.png'),
    command('. -o out.png'),
    fileError(unreadable, 'secret.png', 'EACCES'),
    command('- -o out.png', { before: terminal('stdin') }),
  ],
  OUTPUT_UNWRITABLE: [
    command('photo.png -o no/such.png'),
    ...['ENOSPC', 'EACCES', 'EROFS'].map((code) => fileError(unwritable, 'out.png', code)),
  ],
  BACKEND_UNAVAILABLE: [
    thrown(() => new Selector(async () => ({ reason: 'no adapter answers' })).select('gpu')),
    thrown(syncGpu),
    command('photo.png -o out.png -q --backend cpu', { before: unloadable('neighbor_product') }),
  ],
  BACKEND_FAILED: [() => gpuFault().message, thrown(failingAddon)],
  DIFFERENCES_FOUND: [thrown(differing)],
  DEFECT: [
    () => errorText(new TypeError('x is undefined'), { isVerbose: false, isColoured: false }).split('\n')[0].slice(7),
  ],
  'No GPU: reasons': [
    summaryReason(withFiles(NO_LOADER)),
    summaryReason(withFiles(LOADER_WITHOUT_DEVICES)),
    () => reasonOf(undefined),
    () => reasonOf({ vendor: '', architecture: '', description: 'Acme Rasteriser', isFallbackAdapter: true }),
    summaryReason(withFiles(`${LOADER_WITH_DEVICE} ${unloadable('dawn')}`)),
    reasonInWorker,
    reasonAfterFaults,
    () => transformSync(IMAGE).reason,
  ],
  'No GPU: advice': [
    advice({ hasVulkanLoader: false }),
    advice({ missingDriverFiles: ['/nowhere/icd.json'] }),
    advice({ hasNvidiaDriver: true }),
    advice({ hasNvidiaDriver: true }, 1),
    advice({ renderNodes: [NODE], forbiddenRenderNodes: [NODE] }),
    advice({ renderNodes: [NODE] }),
    advice({ platform: 'darwin' }),
    advice({}, 0, "version `GLIBC_2.34' not found"),
    advice({}, 0, "Cannot find package 'webgpu'"),
    advice({}, 0, "Cannot find module 'dawn.node'"),
    advice({}, 0, 'something else'),
    advice({}),
  ],
  'The GPU failed on the way': [warningOfFault],
  'The slow reference ran': [
    lastLineOf('photo.png -o out.png', { before: unloadable('neighbor_product') }),
    lastLineOf('photo.png -o out.png --backend reference --verify'),
  ],
  'Standard input and output': [
    command('photo.png -o -', { before: terminal('stdout') }),
    command('photo.png -o - --json'),
  ],
};
