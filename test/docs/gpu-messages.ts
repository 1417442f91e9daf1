/** How to make the program say what docs/troubleshooting.md quotes of a GPU that is missing or fails. */
import { Worker } from 'node:worker_threads';
import { parseCommandLine, type TransformRequest } from '../../src/cli/program.js';
import { runTransform } from '../../src/cli/run-transform.js';
import { describeCodecs } from '../../src/codec/png.js';
import { adviseOn, type Findings, type SystemFacts } from '../../src/gpu/advice.js';
import { GpuFault } from '../../src/gpu/gpu-fault.js';
import { openGpuOf } from '../../src/gpu/open-gpu.js';
import { createRaster } from '../../src/image.js';
import { type Result, transformSync } from '../../src/index.js';
import { Selector } from '../../src/select-backend.js';
import { folderWith } from '../cli/command.js';
import { jobOf } from '../jobs.js';
import { IMAGE, linesOf, type Said, unloadable } from './said.js';

export function gpuFault(): GpuFault {
  const progress = { input: createRaster(1, 2160, 4), passesLeft: 1, rowsDone: 128, pixelsRedone: 0 };
  return new GpuFault('map', progress, new Error('the device was lost'));
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
    fault: gpuFault().account,
    device: '',
    pixelsRedone: 0,
    elapsedMs: 0,
  };
  const steps = {
    read: async () => new Uint8Array(),
    declaredSize: () => ({ width: 1, height: 1 }),
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

/** By section, in the page's order. */
export const GPU_MESSAGES: Readonly<Record<string, readonly Said[]>> = {
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
};
