import { NeighborProductError } from '../errors.js';

/** The `INVALID_PNG` of a file that is or was meant to be a PNG, in one line. */
export function damaged(
  what: string,
  came: string,
  advice = 'The file is damaged: download or export it again',
): NeighborProductError {
  return new NeighborProductError('INVALID_PNG', `Expected ${what}, but ${came}. ${advice}.`);
}
