/** The compiled command as a process, and images to give it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach } from 'vitest';
import { decodePngSync as decodePng } from '../../src/formats/png/decode.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import { DEFAULT_OPERATION, type Operation } from '../../src/options.js';
import { transformReference } from '../../src/reference.js';
import { writeCommandScript } from '../../tools/build.mjs';
import { encodePng } from '../encode-png.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const MAIN = path.join(ROOT, 'dist/cli/neighbor-product.cjs');

export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface Circumstances {
  readonly cwd: string;
  /** Instead of {@link MAIN}. */
  readonly script?: string;
  readonly stdin?: Uint8Array;
  /** A file descriptor instead of a pipe. */
  readonly stdinDescriptor?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** A file descriptor instead of a pipe. */
  readonly stdout?: number;
  /** JavaScript that runs before the command does. */
  readonly before?: string;
}

/** Variables that decide something here, or that vitest sets. */
const FOREIGN = ['NEIGHBOR_PRODUCT_BACKEND', 'NO_COLOR', 'FORCE_COLOR', 'INIT_CWD', 'NODE_OPTIONS'];

export function spawnCommand(
  args: readonly string[],
  { cwd, script = MAIN, env, stdinDescriptor, stdout, before }: Circumstances,
): ChildProcess {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name)));
  const preload = before === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(before)}`];
  return spawn(process.execPath, [...preload, script, ...args], {
    cwd,
    env: { ...own, ...env },
    stdio: [stdinDescriptor ?? 'pipe', stdout ?? 'pipe', 'pipe'],
  });
}

/** Code to run before the command: standard output is a terminal. */
export const TERMINAL = `
  import { syncBuiltinESMExports } from 'node:module';
  import tty from 'node:tty';
  tty.isatty = () => true;
  syncBuiltinESMExports();`;

export async function run(args: readonly string[], circumstances: Circumstances): Promise<Ended> {
  const child = spawnCommand(args, circumstances);
  child.stdin?.on('error', () => {});
  child.stdin?.end(circumstances.stdin);
  return ended(child);
}

export function ended(child: ChildProcess): Promise<Ended> {
  const stdout: Buffer[] = [];
  let stderr = '';
  child.stdout?.on('data', (part) => stdout.push(part));
  child.stderr!.on('data', (part) => {
    stderr += part;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout: Buffer.concat(stdout), stderr }));
  });
}

const ofTest: string[] = [];
const ofFile: string[] = [];
const removeAll = (folders: string[]) => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
};

afterEach(() => removeAll(ofTest));
afterAll(() => removeAll(ofFile));

/** A new folder with some files in it; it is gone after the test, or as `lasting` says. */
export function folderWith(files: Readonly<Record<string, Uint8Array | string>> = {}, lasting = ofTest): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-cli-'));
  lasting.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/**
 * A copy of the compiled project, without the CPU addon and with some modules replaced; it is gone after the file of tests.
 *
 * @param modules source text by path below dist/; the bundle is made of them, such as `files/write.js`
 * @returns its root
 */
export async function copyWith(modules: Readonly<Record<string, string>> = {}): Promise<string> {
  const names = ['package.json', 'binding.gyp'];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(path.join(ROOT, name))]));
  const root = folderWith(files, ofFile);
  cpSync(path.join(ROOT, 'dist'), path.join(root, 'dist'), { recursive: true });
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(root, 'node_modules'), 'junction');
  for (const [name, source] of Object.entries(modules)) writeFileSync(path.join(root, 'dist', name), source);
  if (Object.keys(modules).length > 0) await writeCommandScript(root);
  return root;
}

/** The definition with the last blue sample of every image changed, as the CPU backend: cpu/cpu-backend.js. */
export const FAULTY_CPU = `
  import { referenceTransformer } from '../reference.js';
  const transformSync = (input, output, operation) => {
    const computed = referenceTransformer.transformSync(input, output, operation);
    output.data[output.data.length - 2] ^= 1;
    return { ...computed, device: 'a faulty device' };
  };
  const transformer = { transformSync, transform: async (...args) => transformSync(...args), dispose() {} };
  const opened = { transformer };
  export const cpuEntry = {
    name: 'cpu',
    title: 'CPU addon',
    isOracle: false,
    estimateMs: () => 0,
    open: async () => opened,
    openSync: () => opened,
    openDevices: async () => [{ name: 'cpu faulty', facts: [], transformer, hasThreads: false }],
    describe: async () => ({ lines: ['faulty'], advice: [], facts: {} }),
  };
`;

export function mainOf(root: string): string {
  return path.join(root, 'dist/cli/neighbor-product.cjs');
}

/** Names of all files and folders, however deep. */
export function listing(folder: string): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).sort();
}

export function testImage(width = 7, height = 5): CheckedImage {
  const image = createImage(width, height, 4);
  for (let at = 0; at < image.data.length; at++) image.data[at] = 255 - ((at * 41) % 97);
  return image;
}

export const PNG_FILE = encodePng(testImage());

/** The transform of a PNG file by the definition, as pixels. */
export function productOf(file: Uint8Array, operation: Partial<Operation> = {}): CheckedImage {
  const input = decodePng(file, { maxPixels: 1e7 });
  const output = createImage(input.width, input.height, input.channels);
  transformReference(input, output, { ...DEFAULT_OPERATION, ...operation });
  return output;
}

export function pixelsIn(file: Uint8Array): Uint8Array {
  return Uint8Array.from(decodePng(file, { maxPixels: 1e7 }).data);
}
