/** The compiled addon: where it may lie, what it offers. The only file that loads it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** What native-fallback/addon.cc exports. It trusts its caller: everything was checked before. */
export interface Addon {
  /** Instruction sets this CPU can run, the fastest first; the last runs on any. */
  readonly variants: readonly string[];
  readonly hasOpenMp: boolean;
  /** Runs on another thread. The job and its memory are kept alive until the promise settles. */
  transform(job: NativeJob): Promise<Outcome>;
  transformSync(job: NativeJob): Outcome;
}

export interface NativeJob {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly inputRowBytes: number;
  readonly outputRowBytes: number;
  /** Place in ALPHA_MODES. */
  readonly alpha: number;
  /** Place in BORDER_MODES. */
  readonly border: number;
  readonly passes: number;
  /** 0: the addon decides by the size of the image and the cores there are. */
  readonly threads: number;
  readonly variant: string;
  /** One byte; the work ends early once it is not 0. */
  readonly cancelled: Uint8Array;
  /** Whether the outcome shall tell of chunks. */
  readonly isTimed: boolean;
}

export interface Outcome {
  readonly pixelsRedone: number;
  readonly threads: number;
  readonly chunks?: readonly Chunk[];
}

/** Some rows of a pass, which one thread computed. */
export interface Chunk {
  /** Counted from 0, as the threads are. */
  readonly pass: number;
  readonly thread: number;
  readonly firstRow: number;
  /** One beyond the last. */
  readonly endRow: number;
  /** Since the job was handed over. */
  readonly startMs: number;
  readonly endMs: number;
}

const BINARY = 'neighbor_product.node';

/**
 * Loads the first addon that there is, or says for each place why not.
 *
 * @param places paths from the package's folder. By default a build of one's own, which nobody has who did not want it,
 * and then the binary that the package brings for this platform.
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
      reasons.push(`${place} ${code === 'MODULE_NOT_FOUND' ? 'is not there' : `does not load: ${firstLine(message)}`}`);
    }
  }
  return { reason: reasons.join('; ') };
}

/**
 * `linux-x64`, `linux-x64-musl`, `darwin-arm64`: what a binary runs on, as its folder in prebuilds/ is called.
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
