/**
 * The contract of a backend: it computes a region, and nothing else. Border modes, passes and overlapping memory are the
 * host's (host.ts), or the dealer's where several take part (dealing/); which there are is the registry's (backends.ts).
 */
import { type ErrorCode, NeighborProductError } from './errors.js';
import type { CheckedImage } from './image.js';
import type { AlphaMode, Operation, RunOptions } from './options.js';
import type { Region } from './regions.js';

/** Some rows to compute. */
export interface Strip {
  /** Holds every pixel that the region names. */
  readonly input: CheckedImage;
  /** The pixels to compute, in pixels of the input. */
  readonly region: Region;
  /**
   * Receives the computed rows: its first row is row `region.first.y`. Width and channels are the input's, columns
   * outside the region and padding are left as they are. It shares no memory with the input.
   */
  readonly output: CheckedImage;
  /** What becomes of the fourth channel. */
  readonly alpha: AlphaMode;
  /**
   * How often the region is applied, each result being the next input and 0 outside the region: 1, unless the region
   * is a whole image's of at most {@link Backend.residentPixels}.
   */
  readonly passes: number;
}

/** What a backend reports of the work it did. */
export interface Computed {
  /** What it ran on, for people: an instruction set and a thread count, or an adapter. */
  readonly device: string;
  /** Pixels that single precision left undecided and the exact pass computed in binary64, over all passes. */
  readonly exactPixels: number;
}

/** One way to compute the transform. All backends write the same bytes. */
export interface Backend {
  /** How many strips to have under way: more than one where transfers can overlap computing. */
  readonly stripsAtOnce: number;
  /** The most pixels of an image that stays on the device for several passes; 0: none does. */
  readonly residentPixels: number;
  /**
   * The most rows to compute in a strip of images of this width; infinite where strips bring nothing.
   *
   * @throws BackendFault `DEVICE_LIMIT` where even one row with its neighbours does not fit
   */
  maxRows(width: number): number;
  /**
   * Computes a strip. An empty region is allowed.
   *
   * @throws the reason of `run.signal` once that is aborted; BackendFault
   */
  compute(strip: Strip, run: RunOptions): Promise<Computed>;
  /** The same on the calling thread; absent where the backend cannot. */
  computeSync?(strip: Strip, run: RunOptions): Computed;
  /** Resolves with the reason when the device is gone; absent where it cannot go. */
  readonly lost?: Promise<string> | undefined;
  /** Frees what the backend holds. It cannot be used afterwards. */
  dispose(): void;
}

/** Transforms whole images: the host on a backend ({@link Backend}), or the reference. */
export interface Transformer {
  /** What it runs on, where that computes regions; absent of the reference, which shares nothing with the host. */
  readonly backend?: Backend | undefined;
  /**
   * Writes the transform of `input` into `output`, which has the same size and channels and may overlap it.
   * Border pixels that the border mode skips, and padding between rows, are left as they are.
   *
   * @throws the reason of `run.signal` once that is aborted; BackendFault
   */
  transform(input: CheckedImage, output: CheckedImage, operation: Operation, run?: RunOptions): Promise<Computed>;
  /** The same on the calling thread; absent where the backend cannot. */
  readonly transformSync?:
    | ((input: CheckedImage, output: CheckedImage, operation: Operation, run?: RunOptions) => Computed)
    | undefined;
  /** Resolves with the reason when the device is gone; absent where it cannot go. */
  readonly lost?: Promise<string> | undefined;
  /** Frees what is held. It cannot be used afterwards. */
  dispose(): void;
}

/** How much of a transform a backend did. */
export interface Share<Name extends string = string> {
  /** Its name. */
  readonly backend: Name;
  /** What it ran on, for people. */
  readonly device: string;
  /** Rows that it computed, over all passes. */
  readonly rows: number;
  /** Milliseconds that its strips took, added up: of a device with several under way more than passed. */
  readonly elapsedMs: number;
}

/** What is to be computed, as far as it decides which backend is worth taking. */
export interface Work {
  readonly pixels: number;
  readonly passes: number;
  /** As in `RunOptions`. */
  readonly threads?: number | undefined;
}

/** How to open a backend. */
export interface OpenOptions {
  /** Whether nobody asked for this backend by name: it then only opens where it is worth taking. Default false. */
  readonly isAutomatic?: boolean;
  /** Of the CPU; default the fastest. */
  readonly instructionSet?: string;
  /** How long a device may take to answer, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Whether somebody asked for it by name, and waits longer for it. Default false. */
  readonly isNamed?: boolean;
  /** Whether nobody waits for it: opening keeps no process alive. Default false. */
  readonly isBeside?: boolean;
}

/** An open backend, or why there is none. */
export type Opened = (
  | {
      readonly transformer: Transformer;
      /** Why it is worth taking, a clause for people. */
      readonly reason?: string;
    }
  | Unavailable
) & {
  /** Opens further devices that can take part in the work of one process. Never throws. */
  readonly openOthers?: () => Promise<readonly Opened[]>;
};

/** A backend that does not open. */
export interface Unavailable {
  /** A clause for people. */
  readonly reason: string;
  /** What to do, in sentences. */
  readonly advice?: string | undefined;
  /** Whether it gave no answer in time: another try would wait again. */
  readonly isSilent?: boolean | undefined;
}

/** One way in which a backend runs on this machine: with an instruction set, on an adapter. */
export type Device = {
  /** `cpu avx2`, `gpu`, `gpu 2` */
  readonly name: string;
  /** About its hardware and software. */
  readonly facts: readonly Fact[];
} & (
  | {
      /** Transforms images on it. */
      readonly transformer: Transformer;
      /** Whether `RunOptions.threads` has an effect. */
      readonly hasThreads: boolean;
    }
  | {
      /** Why it does not run. */
      readonly missing: string;
    }
);

/** What the `devices` command says of a backend. */
export interface BackendDescription<Facts extends object = object> {
  /** What it runs on, a line each. */
  readonly lines: readonly string[];
  /** What to do for what is missing, in sentences; empty where nothing is. */
  readonly advice: readonly string[];
  /** The same as JSON. */
  readonly facts: Facts;
}

/** A backend in the registry. Its functions load the backend's code when they are called; none of them throws. */
export interface BackendEntry {
  readonly name: string;
  /** In messages: `no GPU: ...`. */
  readonly title: string;
  /** Whether it is the definition itself, which others are compared with. */
  readonly isOracle: boolean;
  open(options?: OpenOptions): Promise<Opened>;
  /** About how many milliseconds it takes; absent where only an open device would tell, undefined where it does not open. */
  estimateMs?(work: Work): number | undefined;
  /** Absent where it cannot run on the calling thread. */
  openSync?(options?: OpenOptions): Opened;
  /** Every device, opened, the fastest first: for conformance and benchmark. */
  openDevices(): Promise<readonly Device[]>;
  describe(): Promise<BackendDescription>;
}

/** What a {@link BackendFault} knows besides its reason. */
export interface FaultOptions {
  /** Default `BACKEND_FAILED`. */
  readonly code?: Extract<ErrorCode, 'BACKEND_FAILED' | 'BACKEND_UNAVAILABLE' | 'OUT_OF_MEMORY' | 'DEVICE_LIMIT'>;
  readonly cause?: unknown;
}

/** A backend could not compute a strip. Another one can: the bytes are the same. */
export class BackendFault extends NeighborProductError {
  /** `GPU failed while reading back`. */
  readonly event: string;
  /** `the device was lost`. */
  readonly reason: string;

  constructor(event: string, reason: string, { code = 'BACKEND_FAILED', cause }: FaultOptions = {}) {
    super(code, `${event} (${reason}).`, { cause });
    this.event = event;
    this.reason = reason;
  }

  /** `GPU failed while reading back (the device was lost)`. */
  get clause(): string {
    return `${this.event} (${this.reason})`;
  }

  /** Whether the device is to blame, and not an image that is too large for it. */
  get blamesDevice(): boolean {
    return this.code !== 'DEVICE_LIMIT';
  }
}

/** One line about the machine or the software, for people: `{ name: 'driver', value: 'Mesa 23.1' }`. */
export interface Fact {
  /** What it is about. */
  readonly name: string;
  /** What it says. */
  readonly value: string;
}
