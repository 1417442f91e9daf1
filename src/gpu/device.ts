/** What every part of the WebGPU host needs of a device: flags, and errors as exceptions. */

/** Flags of the WebGPU specification by number: Node has no such globals, and importing them would load a GPU. */
export const BUFFER = {
  MAP_READ: 0x0001,
  MAP_WRITE: 0x0002,
  COPY_SRC: 0x0004,
  COPY_DST: 0x0008,
  UNIFORM: 0x0040,
  STORAGE: 0x0080,
  INDIRECT: 0x0100,
  QUERY_RESOLVE: 0x0200,
} as const;

export const SHADER_STAGE_COMPUTE = 0x4;
export const MAP_MODE_READ = 0x1;
export const MAP_MODE_WRITE = 0x2;

/** A pixel on the device is one u32, whatever the image's channels. */
export const PIXEL_BYTES = 4;

/** An error that a device reported. */
export class DeviceError extends Error {
  readonly isOutOfMemory: boolean;

  constructor(message: string, isOutOfMemory: boolean) {
    super(message);
    this.isOutOfMemory = isOutOfMemory;
  }
}

/**
 * Runs something that creates WebGPU objects or submits work, and rejects with the errors that WebGPU would report
 * elsewhere: an invalid object throws no exception, later results would silently be zeros.
 *
 * The scopes are closed before anything is awaited, so they never catch errors of another call on the same device.
 *
 * @throws DeviceError; whatever `run` throws
 */
export async function withErrorScopes<T>(device: GPUDevice, run: () => T): Promise<T> {
  const scopes: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
  for (const scope of scopes) device.pushErrorScope(scope);
  const close = () => scopes.map(() => device.popErrorScope());
  let result: T;
  try {
    result = run();
  } catch (error) {
    for (const scope of close()) scope.catch(() => {}); // the first error counts
    throw error;
  }
  const closing = close();
  const errors = await Promise.all(closing); // in the reverse order of the scopes
  for (const [index, error] of errors.reverse().entries()) {
    if (error !== null) throw new DeviceError(error.message, scopes[index] === 'out-of-memory');
  }
  return result;
}
