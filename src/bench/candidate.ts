/** Something to measure: the same call again and again, in memory that was taken before. */
import type { Run } from '../backend.js';
import type { Raster } from '../image.js';
import type { BenchCase } from './cases.js';
import type { ColdStart, DeviceTimes, Role } from './result.js';

export interface Candidate {
  readonly program: string;
  readonly role: Role;
  /** Absent where threads are not what it runs on. */
  readonly threads?: number;
  /** Called before {@link run}, not timed. */
  makeReady?(): void;
  run(input: Raster, output: Raster): Promise<Run> | Run | undefined;
  /** Whether an output that was zeros before {@link run} is what it has to be. */
  isRight(bench: BenchCase, output: Raster): boolean;
  /** Measures a first result in a process of its own; absent where that says nothing. */
  startCold?(input: Raster): Promise<ColdStart>;
  /** Where the time of a GPU goes; absent for what runs on none. */
  measureDevice?(input: Raster, output: Raster): Promise<DeviceTimes | undefined>;
  close(): Promise<void> | void;
}

/** The check of whatever computes the transform. */
export function isProduct({ expected }: BenchCase, output: Raster): boolean {
  return Buffer.compare(expected.data, output.data) === 0;
}
