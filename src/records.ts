/** What the command prints with `--json`: types only, for programs that read it. Fields may be added; none changes. */
import type { Share } from './backend.js';
import type { BackendName } from './backends.js';
import type { CpuFacts } from './cpu/cpu-backend.js';
import type { ErrorCode } from './errors.js';
import type { GpuFacts } from './gpu/node-gpu.js';

/**
 * Every kind of failure: the library's, and the two that only the command line has.
 *
 * @useDeclaredType
 */
export type FailureCode = ErrorCode | 'READER_LEFT' | 'DEFECT';

/**
 * A line of `neighbor-product --json`: one for each image as it ends; those that are left out come first, and the total of
 * several inputs last.
 */
export type TransformRecord = DoneRecord | FailedRecord | SkippedRecord | TotalRecord;

/**
 * An image that was written. A name that is not UTF-8 has a lone surrogate, U+DC80 to U+DCFF, for each byte that is no text.
 */
export interface DoneRecord {
  /** The path as it was given; `-` is standard input. */
  readonly input: string;
  /** The path of the result; `-` is standard output. */
  readonly output: string;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1, or with `--raw` as many as came one after another. */
  readonly images: number;
  /** The backend that computed most rows. */
  readonly backend: BackendName;
  /** Why this backend, a clause for people. */
  readonly reason: string;
  /** What it ran on, for people. */
  readonly device: string;
  /** Who computed how many rows, over all passes and strips, the most first; rows that two strips need count twice. */
  readonly shares: readonly Share<BackendName>[];
  /** The package that read the file; `none` for raw samples. */
  readonly decoder: string;
  /** The package that wrote the file; `none` for raw samples. */
  readonly encoder: string;
  /** Milliseconds, to a microsecond. The steps go on at the same time, so their times overlap. */
  readonly decodeMs: number;
  /** Milliseconds, waiting for other images included. */
  readonly transformMs: number;
  /** Milliseconds. */
  readonly encodeMs: number;
  /** Milliseconds from the first row that is read to the file that is written. */
  readonly elapsedMs: number;
  /**
   * Pixels that single precision left undecided and that were computed in binary64, over all passes. Rows that two strips
   * of an image need count twice.
   */
  readonly exactPixels: number;
  /** Whether `--verify` compared every byte with the reference's. */
  readonly verified: boolean;
  /** What else the input held and `--metadata keep` copied, such as `density`: docs/troubleshooting.md has every name. */
  readonly kept: readonly string[];
  /** What else the input held and the output does not, by the same names. */
  readonly dropped: readonly string[];
}

/** An image that was not written. */
export interface FailedRecord {
  /** The path as it was given; `-` is standard input. */
  readonly input: string;
  /** Where the result would have been written; empty for a folder that cannot be read. */
  readonly output: string;
  /** What went wrong. */
  readonly error: {
    /** For programs. */
    readonly code: FailureCode;
    /** For people. */
    readonly message: string;
    /** Whether another try may succeed: a device was lost, the disk is full, memory is missing. */
    readonly isTemporary: boolean;
  };
}

/** An image that `--skip-existing` left out. */
export interface SkippedRecord {
  /** The path as it was given or found. */
  readonly input: string;
  /** The path of the result of an earlier run. */
  readonly output: string;
  /** Always true. */
  readonly skipped: true;
}

/** What came of several inputs. */
export interface TotalRecord {
  /** Images that were written. */
  readonly done: number;
  /** Images that were not. */
  readonly failed: number;
  /** Images that `--skip-existing` left out. */
  readonly skipped: number;
  /** Images that were not begun: after an interruption, or where the backend chosen by name is not available. */
  readonly notBegun: number;
  /** Millions of pixels that were written. */
  readonly megapixels: number;
  /** Milliseconds for all images, without the start of the program. */
  readonly elapsedMs: number;
}

/** The line of `neighbor-product devices --json`: what each backend says of this machine, and what `auto` takes. */
export interface DevicesRecord {
  /** The adapters that answer. */
  readonly gpu: GpuFacts;
  /** The addon. */
  readonly cpu: CpuFacts;
  /** Nothing can be missing. */
  readonly reference: Record<string, never>;
  /** The choice of `auto`. */
  readonly auto: {
    /** The backend that begins at once, or the only one. */
    readonly backend: BackendName;
    /** The backends that join it for longer work. */
    readonly joining: readonly BackendName[];
    /** Why, a clause for people. */
    readonly reason: string;
  };
}
