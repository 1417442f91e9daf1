/** What a benchmark found, as it is stored: tables and plots are drawn from this and nothing else. */
import { expected, NeighborProductError } from '../errors.js';

export interface BenchReport {
  readonly format: typeof REPORT_FORMAT;
  /** The command line that gives such a report again. */
  readonly command: string;
  /** ISO 8601, when it began. */
  readonly date: string;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

/** Changes when a field changes its meaning or goes. */
export const REPORT_FORMAT = 'neighbor-product bench 1';

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  /** Processes that wanted a core on average over a minute, before and after; 0 on Windows, which does not tell. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface CaseResult {
  /** `3840x2160/photograph` */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly kind: string;
  /** Where the picture came from. */
  readonly origin: string;
  readonly rows: readonly Row[];
  readonly missing: readonly MissingProgram[];
}

/** One program with one number of threads on one picture. */
export interface Row {
  readonly program: string;
  readonly role: Role;
  /** Absent where threads are not what it runs on. */
  readonly threads?: number;
  readonly nsPerPixel: Spread;
  readonly repetitions: number;
  /** Bytes of input and output for each nanosecond of the median. */
  readonly gbPerSecond: number;
  /** Median against that of a copy of the same bytes with as many threads, or with one where there are none. */
  readonly timesCopy: number;
  /** From nothing to the first result, in a process of its own; absent where it was not measured. */
  readonly cold?: ColdStart;
  /** Absent for what runs on no GPU, and for one that keeps no time. */
  readonly device?: DeviceTimes;
  /** Of the bytes that the definition writes, 0 to 1. */
  readonly differingShare: number;
  /** Of the pixels, 0 to 1; absent where the program does not tell. */
  readonly redoneShare?: number;
  /** Size of the part that was done, where the whole takes too long. */
  readonly crop?: string;
}

/** Milliseconds for one picture, each the median of some runs, added up over its strips. */
export interface DeviceTimes {
  /** Of the host: handing over the rows. */
  readonly uploadMs: number;
  /** By the device's clock. */
  readonly kernelMs: number;
  /** Of the host: taking the rows out of mapped memory. */
  readonly readBackMs: number;
  /** A copy of the picture from one buffer to another, by the device's clock. */
  readonly copyMs: number;
}

export type Role = 'copy' | 'ours' | 'peer';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface ColdStart {
  /** Loading code, addon or GPU; absent for a peer, whose first call alone is known. */
  readonly openMs?: number;
  /** The first transform, until its bytes are there. */
  readonly firstMs: number;
}

export interface MissingProgram {
  readonly program: string;
  readonly reason: string;
}

/**
 * @param text what --json printed
 * @param name of the file, for the error
 * @throws NeighborProductError with code `INPUT_UNREADABLE`
 */
export function parseReport(text: string, name: string): BenchReport {
  try {
    const report: Partial<BenchReport> = JSON.parse(text);
    if (report.format === REPORT_FORMAT) return report as BenchReport;
  } catch {}
  const what = `a report that neighbor-product bench --json printed ('${REPORT_FORMAT}')`;
  throw new NeighborProductError('INPUT_UNREADABLE', expected(what, '--from', name));
}
