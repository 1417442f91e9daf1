/** The results of a benchmark as they are stored. Tables and plots are drawn from these alone. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { messageOf, NeighborProductError } from '../errors.js';

export interface BenchReport {
  readonly format: typeof REPORT_FORMAT;
  /** The command line that produced it. */
  readonly command: string;
  /** When it began, ISO 8601. */
  readonly date: string;
  readonly machine: Machine;
  readonly cases: readonly CaseResult[];
}

/** Changes when a field is renamed, removed or changes its meaning. */
export const REPORT_FORMAT = 'neighbor-product bench 2';

/** What published numbers have to say of the machine they come from. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  /** Average number of processes that ran or waited for a core in the last minute; 0 on Windows, which has no such number. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

export interface CaseResult {
  /** `3840x2160/photograph` */
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly kind: string;
  /** Where the image comes from. */
  readonly origin: string;
  readonly rows: readonly Row[];
  readonly missing: readonly MissingProgram[];
}

/** One program with one number of threads on one image. */
export interface Row {
  readonly program: string;
  readonly role: Role;
  /** Absent where thread counts have no effect. */
  readonly threads?: number;
  readonly nsPerPixel: Spread;
  readonly repetitions: number;
  /** Bytes of input and output, at the median. */
  readonly gbPerSecond: number;
  /** Median divided by that of a copy of the same bytes with as many threads, or else with one. */
  readonly timesCopy: number;
  /** Absent where it was not measured. */
  readonly cold?: ColdStart;
  /** Absent for what does not run on a GPU, and for a GPU without a clock. */
  readonly device?: DeviceTimes;
  /** Of the bytes that the reference writes, 0 to 1. */
  readonly differingShare: number;
  /** Exact pixels among all pixels, 0 to 1; absent where the program does not report it. */
  readonly exactShare?: number;
  /** Size of the part that was computed, where the whole image takes too long. */
  readonly crop?: string;
}

/** Milliseconds for one image; each the median of several runs. */
export interface DeviceTimes {
  /** Host time of writing the rows to mapped memory, summed over the strips. */
  readonly uploadMs: number;
  /** Device time of the passes over an image that is there already. */
  readonly kernelMs: number;
  /** Host time of copying the rows out of mapped memory, summed over the strips. */
  readonly readBackMs: number;
  /** Device time of copying the image from one buffer to another, by the faster of copy command and kernel. */
  readonly copyMs: number;
}

export type Role = 'copy' | 'ours' | 'peer';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

/** The first result of a new process. */
export interface ColdStart {
  /** Loading code, addon or GPU; absent for a peer, of which only the first call is timed. */
  readonly openMs?: number;
  /** The first transform. */
  readonly firstMs: number;
}

export interface MissingProgram {
  readonly program: string;
  readonly reason: string;
}

export function describeMachine(): Omit<Machine, 'loadBefore' | 'loadAfter'> {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
  };
}

/** For {@link Machine.loadBefore} and {@link Machine.loadAfter}. */
export function readLoad(): number {
  return Math.round(loadavg()[0] * 100) / 100;
}

/**
 * @param text the output of --json
 * @param path of the file it comes from, for the error
 * @throws NeighborProductError with code `INPUT_UNREADABLE`
 */
export function parseReport(text: string, path: string): BenchReport {
  const report = parseJson(text, path);
  const format = (report as Partial<BenchReport> | null)?.format;
  if (format === REPORT_FORMAT) return report as BenchReport;
  if (!FORMATS.test(String(format))) throw unreadable(path, 'it is not a benchmark report', ADVICE);
  const reason = `its format is '${format}', and this version reads '${REPORT_FORMAT}'`;
  throw unreadable(path, reason, `Read it with the version that wrote it. ${ADVICE}`);
}

const FORMATS = /^neighbor-product bench \d+$/;
const ADVICE = 'neighbor-product bench --json prints a new one.';

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(path, `it is not JSON: ${messageOf(error)}`, ADVICE);
  }
}

function unreadable(path: string, reason: string, advice: string): NeighborProductError {
  return new NeighborProductError('INPUT_UNREADABLE', `Cannot read '${path}': ${reason}. ${advice}`);
}
