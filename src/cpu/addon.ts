/** The compiled addon: where it may lie, what it offers. The only file that loads it. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { findPackageFolder, requirePart } from '../package.js';
import type { Region } from '../regions.js';

/** What native-fallback/addon.cc exports. It trusts its caller: everything was checked before. */
export interface Addon {
  /** Instruction sets this CPU can run, the fastest first; the last runs on any. */
  readonly instructionSets: readonly string[];
  readonly hasOpenMp: boolean;
  /** Runs on another thread. The job and its memory are kept alive until the promise settles. */
  compute(job: NativeJob): Promise<NativeResult>;
  computeSync(job: NativeJob): NativeResult;
  /** Copies access control list and extended attributes from one file to another. Throws where that fails. */
  copyAttributes(from: Uint8Array, to: Uint8Array): void;
  /** Rows of a PNG file to pixels, on another thread: resolves with the number of the first wrong row, or -1. */
  decodeRows(job: object): Promise<[wrongRow: number]>;
  /** Pixels to rows of a PNG file, on another thread. */
  encodeRows(job: object): Promise<[byteLength: number, checksum: number]>;
  /** The most bytes that compressed rows take. */
  compressedBound(byteLength: number): number;
}

/** A strip and how to compute it. */
export interface NativeJob {
  readonly input: Uint8Array;
  readonly inputRowBytes: number;
  /** Its first row is row `region.first.y`. */
  readonly output: Uint8Array;
  readonly outputRowBytes: number;
  readonly channels: number;
  readonly region: Region;
  /** Index in ALPHA_MODES. */
  readonly alpha: number;
  /** At least 1. */
  readonly threads: number;
  readonly instructionSet: string;
  /** One byte; the work ends early once it is not 0. */
  readonly cancelled: Uint8Array;
  /** Whether to report chunks. */
  readonly isTimed: boolean;
  /** Whether the memory may be held against a transfer (held_memory.h); without effect on computeSync. */
  readonly canHoldMemory: boolean;
}

export interface NativeResult {
  readonly exactPixels: number;
  readonly threads: number;
  /** More than `threads` where the system starts no more. */
  readonly wantedThreads: number;
  readonly chunks?: readonly Chunk[];
}

/** Some rows that one thread computed. */
export interface Chunk {
  /** From 0. */
  readonly thread: number;
  readonly firstRow: number;
  /** One beyond the last. */
  readonly endRow: number;
  /** Since the call. */
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Versions of Node's binary interface (`process.versions.modules`) of which the addon may use V8's function that holds
 * memory: those of Node 20, 22 and 24, in which that was tried.
 */
const KNOWN_INTERFACES = ['115', '127', '137'];

/** Whether the addon can keep memory of a program that transfers it away while a thread works on it. */
export const canHoldMemory =
  KNOWN_INTERFACES.includes(process.versions.modules) &&
  !('bun' in process.versions) &&
  !('deno' in process.versions) &&
  !('electron' in process.versions);

const BINARY = 'neighbor_product.node';

/** Why no addon loads, and what to do. */
export interface MissingAddon {
  /** A clause for people. */
  readonly reason: string;
  /** Sentences. */
  readonly advice: string;
}

/**
 * Loads the first addon found, or says for each place why not.
 *
 * @param places paths from the package's folder. Default: a local build if there is one, then the prebuilt binary.
 */
export function loadAddon(
  places: readonly string[] = [`build/Release/${BINARY}`, `prebuilds/${namePlatform()}/${BINARY}`],
): { addon: Addon } | MissingAddon {
  const folder = findPackageFolder();
  if (folder === undefined) return process.permission === undefined ? NOT_INSTALLED : NOT_READABLE;
  const reasons: string[] = [];
  let advice: string | undefined;
  for (const place of places) {
    const file = path.join(folder, place);
    try {
      return { addon: requirePart(file) as Addon };
    } catch (error) {
      reasons.push(`${place} ${explain(error as NodeJS.ErrnoException, file)}`);
      advice ??= adviseOnFlags(error as NodeJS.ErrnoException, file, folder);
    }
  }
  return { reason: reasons.join('; '), advice: advice ?? adviseToBuild(folder) };
}

const NOT_INSTALLED: MissingAddon = {
  reason: 'neighbor-product is not installed where this bundle runs',
  advice:
    'Install neighbor-product in a folder above the bundle, and best keep it out of the bundle: make it external.',
};

const NOT_READABLE: MissingAddon = {
  reason: "Node's permission model hides the folder of neighbor-product",
  advice: 'Start Node with --allow-addons and with --allow-fs-read for that folder.',
};

function adviseToBuild(folder: string): string {
  // A tool that collects what a program imports has copied the package, such as Next.js for its standalone output.
  if (!existsSync(path.join(folder, 'binding.gyp'))) return `Copy the package's folder prebuilds/ to ${folder}, too.`;
  return (
    `Build the CPU addon with npm run build:addon --prefix "${folder}"; ` +
    'it needs a C++ compiler, make and Python (Debian: apt-get install g++ make python3).'
  );
}

function explain({ code, message }: NodeJS.ErrnoException, file: string): string {
  if (isForbidden(file)) return 'may not be read';
  return code === 'MODULE_NOT_FOUND' ? 'does not exist' : `does not load: ${firstLine(message)}`;
}

/** Where Node or Deno was told not to load addons. */
function adviseOnFlags({ code, name }: NodeJS.ErrnoException, file: string, folder: string): string | undefined {
  if (name === 'NotCapable') return `Deno's permissions forbid the CPU addon: start Deno with --allow-ffi="${folder}".`;
  if (code !== 'ERR_DLOPEN_DISABLED' && !isForbidden(file)) return undefined;
  if (process.permission === undefined) return 'Start Node without --no-addons.';
  return `Node's permission model forbids the CPU addon: start Node with --allow-addons and --allow-fs-read="${folder}".`;
}

/** By Node's permission model, under which a file that must not be read looks as if it did not exist. */
function isForbidden(file: string): boolean {
  return process.permission?.has('fs.read', file) === false;
}

/**
 * The platform of a binary, as its folder in prebuilds/ is called: `linux-x64`, `linux-x64-musl`, `darwin-arm64`.
 *
 * @param nodePath the binary of Node, whose C library an addon must share
 */
export function namePlatform(nodePath = process.execPath): string {
  const name = `${process.platform}-${process.arch}`;
  return process.platform === 'linux' && usesMusl(nodePath) ? `${name}-musl` : name;
}

/** An ELF file names its loader near its beginning: /lib/ld-musl-x86_64.so.1 or /lib64/ld-linux-x86-64.so.2. */
function usesMusl(nodePath: string): boolean {
  const head = Buffer.alloc(4096);
  try {
    const file = openSync(nodePath, 'r');
    readSync(file, head);
    closeSync(file);
  } catch {
    return reportsMusl(); // Node was replaced while it runs, or may not be read
  }
  return head.includes('/ld-musl-');
}

function reportsMusl(): boolean {
  try {
    return !('glibcVersionRuntime' in (process.report.getReport() as unknown as { header: object }).header);
  } catch {
    return false; // Deno without --allow-sys
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0].replace(/\.$/, '');
}
