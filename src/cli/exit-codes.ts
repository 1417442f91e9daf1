/** What the command's exit code says; scripts rely on it, so a number keeps its meaning. */
import { type ErrorCode, NeighborProductError } from '../errors.js';

/** Every way for a command to fail: the library's, and the two that only the command line knows. */
export type FailureCode = ErrorCode | 'DIFFERENCES_FOUND' | 'DEFECT';

export const EXIT_CODES = [
  { exitCode: 0, meaning: 'done' },
  { exitCode: 1, meaning: '--verify or conformance found differences' },
  { exitCode: 2, meaning: 'the command line is not valid' },
  { exitCode: 3, meaning: 'an input cannot be read or is not a valid image' },
  { exitCode: 4, meaning: 'the backend asked for is not available, or failed' },
  { exitCode: 5, meaning: 'the output cannot be written' },
  { exitCode: 70, meaning: 'a defect of this program' },
  { exitCode: 130, meaning: 'interrupted: ended by SIGINT, which shells report as 128 + 2' },
] as const;

type ExitCode = (typeof EXIT_CODES)[number]['exitCode'];

const EXIT_CODE_OF: Readonly<Record<FailureCode, ExitCode>> = {
  DIFFERENCES_FOUND: 1,
  INVALID_OPTION: 2,
  INVALID_IMAGE: 3,
  INVALID_PNG: 3,
  TOO_MANY_PIXELS: 3,
  INPUT_UNREADABLE: 3,
  BACKEND_UNAVAILABLE: 4,
  BACKEND_FAILED: 4,
  OUTPUT_UNWRITABLE: 5,
  DEFECT: 70,
};

/** The picture of the backend that ran and the reference's are not the same. */
export class DifferencesFound extends Error {
  override readonly name = 'DifferencesFound';
}

/** Anything thrown that no part of the program foresaw is a `DEFECT`. */
export function failureCodeOf(error: unknown): FailureCode {
  if (error instanceof NeighborProductError) return error.code;
  return error instanceof DifferencesFound ? 'DIFFERENCES_FOUND' : 'DEFECT';
}

export function exitCodeOf(error: unknown): ExitCode {
  return EXIT_CODE_OF[failureCodeOf(error)];
}
