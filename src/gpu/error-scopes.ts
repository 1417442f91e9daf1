/**
 * Runs something that creates WebGPU objects or submits work, and turns the errors that WebGPU would report elsewhere
 * into a rejection: an invalid object makes no exception, later results would silently be zeros.
 *
 * The scopes are closed before anything is awaited, so they never catch errors of another call on the same device.
 */
export async function withErrorScopes<T>(device: GPUDevice, run: () => T): Promise<T> {
  const scopes: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
  for (const scope of scopes) device.pushErrorScope(scope);
  let closing: Promise<GPUError | null>[] = [];
  let result: T;
  try {
    result = run();
  } finally {
    closing = scopes.map(() => device.popErrorScope());
  }
  const errors = await Promise.all(closing);
  for (const error of errors) if (error !== null) throw new Error(error.message);
  return result;
}
