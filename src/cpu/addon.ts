/** The compiled addon: where it may lie, what it offers. The only file that loads it. */
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
  readonly cancelled: boolean;
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

/** A build of one's own comes before the binary that a package brings. */
const PLACES = [
  '../../build/Release/neighbor_product.node',
  `../../prebuilds/${process.platform}-${process.arch}/neighbor_product.node`,
];

/** Loads the first addon that there is, or says for each place why not. */
export function loadAddon(places: readonly string[] = PLACES): { addon: Addon } | { reason: string } {
  const require = createRequire(import.meta.url);
  const reasons: string[] = [];
  for (const place of places) {
    try {
      return { addon: require(fileURLToPath(new URL(place, import.meta.url))) };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      reasons.push(code === 'MODULE_NOT_FOUND' ? `${place.slice(6)} is not there` : firstLine(message));
    }
  }
  return { reason: reasons.join('; ') };
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0];
}
