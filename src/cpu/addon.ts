/** The compiled addon: where it may lie, what it offers. The only file that loads it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
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
  !('electron' in process.versions);

const BINARY = 'neighbor_product.node';
const PACKAGE_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** What to do where no addon loads; right in a checkout and in an installed package. */
export const BUILD_ADVICE =
  `Build the CPU addon with npm run build:addon --prefix "${PACKAGE_FOLDER}"; ` +
  'it needs a C++ compiler, make and Python (Debian: apt-get install g++ make python3).';

/**
 * Loads the first addon found, or says for each place why not.
 *
 * @param places paths from the package's folder. Default: a local build if there is one, then the prebuilt binary.
 */
export function loadAddon(
  places: readonly string[] = [`build/Release/${BINARY}`, `prebuilds/${namePlatform()}/${BINARY}`],
): { addon: Addon } | { reason: string } {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const place of places) {
    try {
      return { addon: require(fileURLToPath(new URL(`../../${place}`, import.meta.url))) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      reasons.push(
        `${place} ${code === 'MODULE_NOT_FOUND' ? 'does not exist' : `does not load: ${firstLine(message)}`}`,
      );
    }
  }
  return { reason: reasons.join('; ') };
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
    return false; // Node was replaced while it runs
  }
  return head.includes('/ld-musl-');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0];
}
