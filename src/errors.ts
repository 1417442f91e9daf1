export const ERROR_CODES = [
  'INVALID_IMAGE',
  'INVALID_OPTION',
  'INVALID_PNG',
  'TOO_MANY_PIXELS',
  'OUT_OF_MEMORY',
  'INPUT_UNREADABLE',
  'OUTPUT_UNWRITABLE',
  'BACKEND_UNAVAILABLE',
  'BACKEND_FAILED',
  'DEVICE_LIMIT',
  'DIFFERENCES_FOUND',
] as const;

/**
 * Every kind of failure. Codes are part of the public interface: they do not change between minor versions, messages
 * may. docs/troubleshooting.md explains each.
 *
 * @useDeclaredType
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** An error of this library: `message` is for people and ends with what to do, `code` is for programs. */
export class NeighborProductError extends Error {
  /** Identifies the class in logs, and across two copies of the package. */
  override readonly name: string = 'NeighborProductError';
  /** The kind of failure. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later or on another machine: a lost device, a full disk, a lack of memory. */
  readonly isTemporary: boolean;

  /** `options.cause` is the underlying error. */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.isTemporary = code === 'BACKEND_FAILED' || hasTemporaryCause(code, options?.cause);
  }
}

/** What the system says of what may pass: space, memory, handles, a network or a disk that answers badly. */
const TEMPORARY_CAUSES: readonly unknown[] = [
  'EAGAIN',
  'EBUSY',
  'ECONNRESET',
  'EDQUOT',
  'EHOSTDOWN',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOLINK',
  'ENOMEM',
  'ENOSPC',
  'EREMOTEIO',
  'ESTALE',
  'ETIMEDOUT',
];

/** An allocation that failed has a cause, a limit that the caller set has none. */
function hasTemporaryCause(code: ErrorCode, cause: unknown): boolean {
  if (code === 'OUT_OF_MEMORY') return cause !== undefined;
  return TEMPORARY_CAUSES.includes(Object(cause).code);
}

/**
 * The sentence for an invalid argument.
 *
 * @example `expected('a whole number of at least 1', 'image.width', 0)` gives
 * `Expected a whole number of at least 1 for image.width, but received 0 (number).`
 */
export function expected(what: string, name: string, value: unknown): string {
  const advice = isPromise(value) ? ' Await it first.' : '';
  return `Expected ${what} for ${name}, but received ${describe(value)}.${advice}`;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of any realm or library. */
function isPromise(value: unknown): boolean {
  return typeof Object(value).then === 'function';
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `'${value}' (string)`;
  if (typeof value === 'object') return `an object of type ${value.constructor?.name ?? 'Object'}`;
  return `${String(value)} (${typeof value})`;
}
