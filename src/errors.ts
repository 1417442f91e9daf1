export const ERROR_CODES = [
  'INVALID_IMAGE',
  'INVALID_OPTION',
  'INVALID_PNG',
  'TOO_MANY_PIXELS',
  'INPUT_UNREADABLE',
  'OUTPUT_UNWRITABLE',
  'BACKEND_UNAVAILABLE',
  'BACKEND_FAILED',
] as const;

/**
 * Everything that can go wrong, by code. Codes are part of the public interface: they do not change between minor
 * versions, the messages may. docs/troubleshooting.md has an entry for each.
 *
 * @useDeclaredType
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of this library: `message` says what was expected, what came, and what to do; `code` is for programs. */
export class NeighborProductError extends Error {
  /** Tells this class in a log, and where there are two copies of the package. */
  override readonly name = 'NeighborProductError';
  /** What kind of failure it is. */
  readonly code: ErrorCode;

  /** For backends of your own: `options.cause` is the error behind this one. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The one sentence form for a value that is not what it should be.
 *
 * @example `expected('a whole number of at least 1', 'image.width', 0)` gives
 * `Expected a whole number of at least 1 for image.width, but received 0 (number).`
 */
export function expected(what: string, name: string, value: unknown): string {
  return `Expected ${what} for ${name}, but received ${describe(value)}.`;
}

/** The words of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `'${value}' (string)`;
  if (typeof value === 'object') return `an object of type ${value.constructor?.name ?? 'Object'}`;
  return `${String(value)} (${typeof value})`;
}
