/** The pictures one after another: a bad one is reported and the others are still done. */

import type { CodecUse, EncodeOptions } from '../codec/png.js';
import type { Compression } from '../codec/png-codec.js';
import type { Raster } from '../image.js';
import type { Result, transform } from '../transform.js';
import { failureCodeOf } from './exit-codes.js';
import type { Plan } from './plan-outputs.js';
import type { TransformRequest } from './program.js';
import { verify } from './verify.js';

/** What a run needs from outside: a test puts something else in its place. */
export interface Steps {
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly decode: (file: Uint8Array, limits: { readonly maxPixels: number }) => Raster;
  readonly transform: typeof transform;
  readonly encode: (picture: Raster, options: EncodeOptions) => Uint8Array;
  readonly codecs: (picture: Raster, compression: Compression) => CodecUse;
  readonly write: (path: string, file: Uint8Array) => Promise<void>;
}

export interface Done {
  readonly kind: 'done';
  readonly plan: Plan;
  readonly result: Result;
  readonly decodeMs: number;
  readonly encodeMs: number;
  readonly codecs: CodecUse;
  readonly fileByteLength: number;
  /** Whether another backend's bytes were compared with the reference's. */
  readonly verified: boolean;
}

interface Failed {
  readonly kind: 'failed';
  readonly plan: Plan;
  readonly error: unknown;
}

export type Outcome = Done | Failed;

/** Ends early only where the backend is not available: no other picture would fare better. */
export async function* transformFiles(
  plans: readonly Plan[],
  request: TransformRequest,
  steps: Steps,
): AsyncGenerator<Outcome, void, void> {
  for (const plan of plans) {
    try {
      yield await transformFile(plan, request, steps);
    } catch (error) {
      yield { kind: 'failed', plan, error };
      if (failureCodeOf(error) === 'BACKEND_UNAVAILABLE') return;
    }
  }
}

async function transformFile(plan: Plan, request: TransformRequest, steps: Steps): Promise<Done> {
  const file = await steps.read(plan.input);
  const decoded = timed(() => steps.decode(file, { maxPixels: request.maxPixels }));
  const result = await steps.transform(decoded.value, request.transform);
  const verified = request.verify && result.backend !== 'reference';
  if (verified) verify(decoded.value, result.image, request.transform);
  const encoded = timed(() => steps.encode(result.image, { compression: request.compression }));
  await steps.write(plan.output, encoded.value);
  return {
    kind: 'done',
    plan,
    result,
    decodeMs: decoded.elapsedMs,
    encodeMs: encoded.elapsedMs,
    codecs: steps.codecs(result.image, request.compression),
    fileByteLength: encoded.value.byteLength,
    verified,
  };
}

function timed<T>(step: () => T): { value: T; elapsedMs: number } {
  const startMs = performance.now();
  const value = step();
  return { value, elapsedMs: performance.now() - startMs };
}
