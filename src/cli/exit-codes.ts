/** The exit codes of the command. Scripts rely on them, so a number keeps its meaning. */
import { NeighborProductError } from '../errors.js';
import type { FailureCode } from '../records.js';

export const EXIT_CODES = [
  { exitCode: 0, meaning: 'done' },
  { exitCode: 1, meaning: '--verify, conformance or bench found differences' },
  { exitCode: 2, meaning: 'the command line is not valid' },
  { exitCode: 3, meaning: 'an input cannot be read, is not a valid image, or does not fit into memory' },
  { exitCode: 4, meaning: 'the chosen backend is not available, or cannot do it' },
  { exitCode: 5, meaning: 'the output cannot be written' },
  { exitCode: 70, meaning: 'a defect of this program: please report it' },
  { exitCode: 75, meaning: 'try again: a device was lost, the disk is full, or memory is missing' },
  { exitCode: 130, meaning: 'interrupted by SIGINT, which shells report as 128 + 2' },
  { exitCode: 141, meaning: 'the reader of standard output left, as after SIGPIPE (128 + 13)' },
] as const;

export type ExitCode = (typeof EXIT_CODES)[number]['exitCode'];

/** EX_TEMPFAIL of sysexits.h. */
const TEMPORARY_FAILURE = 75;

const EXIT_CODE_OF: Readonly<Record<FailureCode, ExitCode>> = {
  DIFFERENCES_FOUND: 1,
  INVALID_OPTION: 2,
  INVALID_IMAGE: 3,
  INVALID_PNG: 3,
  TOO_MANY_PIXELS: 3,
  OUT_OF_MEMORY: 3,
  INPUT_UNREADABLE: 3,
  BACKEND_UNAVAILABLE: 4,
  BACKEND_FAILED: 75,
  DEVICE_LIMIT: 4,
  OUTPUT_UNWRITABLE: 5,
  READER_LEFT: 141,
  DEFECT: 70,
};

/** What reads standard output closed it, as `head` does when it has enough. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';

  constructor() {
    super('Standard output was closed by what reads it before everything was written.');
  }
}

/** Any unexpected error is a `DEFECT`. */
export function failureCodeOf(error: unknown): FailureCode {
  if (error instanceof NeighborProductError) return error.code;
  return error instanceof ReaderLeft ? 'READER_LEFT' : 'DEFECT';
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof NeighborProductError && error.isTemporary) return TEMPORARY_FAILURE;
  return EXIT_CODE_OF[failureCodeOf(error)];
}

/**
 * The exit code of a run over several files: while a failure is worth a retry, that counts, since a retry does more; else the
 * first one.
 *
 * @param exitCodes of the files that failed, in the order of the inputs
 */
export function exitCodeOfAll(exitCodes: readonly ExitCode[]): ExitCode {
  return exitCodes.includes(TEMPORARY_FAILURE) ? TEMPORARY_FAILURE : (exitCodes[0] ?? 0);
}
