/** The pictures, several at once: a bad one is reported and the others are still done. */
import { availableParallelism } from 'node:os';
import type { CodecUse, EncodeOptions } from '../codec/png.js';
import type { Compression } from '../codec/png-codec.js';
import type { Raster } from '../image.js';
import type { Result, transform } from '../transform.js';
import { failureCodeOf } from './exit-codes.js';
import type { Plan } from './plan-outputs.js';
import type { TransformRequest } from './program.js';
import { Share } from './share.js';
import { verify } from './verify.js';

/** What a run needs from outside: a test puts something else in its place. */
export interface Steps {
  readonly read: (path: string) => Promise<Uint8Array>;
  readonly declaredSize: (file: Uint8Array) => Pick<Raster, 'width' | 'height'>;
  readonly decode: (file: Uint8Array, limits: { readonly maxPixels: number }) => Promise<Raster>;
  readonly transform: typeof transform;
  readonly encode: (picture: Raster, options: EncodeOptions) => Promise<Uint8Array>;
  readonly codecs: (picture: Pick<Raster, 'width' | 'height'>, compression: Compression) => CodecUse;
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

/** What codecs and backends run on, where nobody sets UV_THREADPOOL_SIZE. */
const LIBUV_THREADS = 4;

/** In memory at once, where there is more than one picture: 3 GiB, of which two thirds are the codec's. */
const MOST_PIXELS_AT_ONCE = 2 ** 26;

/**
 * Outcomes in the order of the plans. Ends early only where the backend is not available: no other picture would fare
 * better.
 */
export async function* transformFiles(
  plans: readonly Plan[],
  request: TransformRequest,
  steps: Steps,
): AsyncGenerator<Outcome, void, void> {
  const waiting = [...plans];
  const share = new Share(MOST_PIXELS_AT_ONCE);
  const begun: Promise<Outcome>[] = [];
  // The first alone: it tells what runs.
  let atOnce = 1;
  while (begun.length + waiting.length > 0) {
    begun.push(...waiting.splice(0, atOnce - begun.length).map((plan) => tryFile(plan, request, steps, share)));
    const outcome = (await begun.shift())!;
    yield outcome;
    if (outcome.kind === 'done') atOnce = howManyAtOnce(outcome, request);
    else if (failureCodeOf(outcome.error) === 'BACKEND_UNAVAILABLE') waiting.length = 0;
  }
}

/** Never rejects. */
async function tryFile(plan: Plan, request: TransformRequest, steps: Steps, share: Share): Promise<Outcome> {
  try {
    return await transformFile(plan, request, steps, share);
  } catch (error) {
    return { kind: 'failed', plan, error };
  }
}

/** How many of the pictures that follow one to begin. One where a trace is asked for, whose spans would overlap. */
function howManyAtOnce({ result }: Done, { verify, trace }: TransformRequest): number {
  if (result.backend === 'reference' || verify || trace !== undefined) return 1;
  return Math.min(availableParallelism(), LIBUV_THREADS) + 1;
}

async function transformFile(plan: Plan, request: TransformRequest, steps: Steps, share: Share): Promise<Done> {
  const file = await steps.read(plan.input);
  const taken = shareOf(steps.declaredSize(file), request, steps);
  await share.take(taken);
  try {
    return await transformRead(file, plan, request, steps);
  } finally {
    share.giveBack(taken);
  }
}

/**
 * All of it for a picture whose long steps keep this thread busy: a signal would wait for them wherever another picture
 * is being written.
 */
function shareOf(size: Pick<Raster, 'width' | 'height'>, { compression }: TransformRequest, { codecs }: Steps): number {
  const { decoder, encoder } = codecs(size, compression);
  const isOffThread = [decoder, encoder].every(({ codec }) => codec.readSamplesOffThread !== undefined);
  return isOffThread ? size.width * size.height : MOST_PIXELS_AT_ONCE;
}

async function transformRead(file: Uint8Array, plan: Plan, request: TransformRequest, steps: Steps): Promise<Done> {
  const decoded = await timed(() => steps.decode(file, { maxPixels: request.maxPixels }));
  const result = await steps.transform(decoded.value, request.transform);
  const verified = request.verify && result.backend !== 'reference';
  if (verified) verify(decoded.value, result.image, request.transform);
  const encoded = await timed(() => steps.encode(result.image, { compression: request.compression }));
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

async function timed<T>(step: () => Promise<T>): Promise<{ value: T; elapsedMs: number }> {
  const startMs = performance.now();
  const value = await step();
  return { value, elapsedMs: performance.now() - startMs };
}
