/** Jobs and comparisons for the tests of the backends. */
import type { Backend } from '../src/backend.js';
import { createRaster, type Raster } from '../src/image.js';
import {
  ALPHA_MODES,
  type AlphaMode,
  BORDER_MODES,
  DEFAULT_OPERATION,
  type Job,
  type Operation,
} from '../src/options.js';
import { transformReference } from '../src/reference.js';

export function jobOf(operation: Partial<Operation>, rest: Partial<Job> = {}): Job {
  const unset = {
    backend: 'auto' as const,
    threads: undefined,
    output: undefined,
    signal: undefined,
    onSpan: undefined,
  };
  return { ...DEFAULT_OPERATION, ...operation, ...unset, ...rest };
}

/** Every mode that makes a difference: an image of three channels has no alpha. */
export function modesOf(channels: 3 | 4): Operation[] {
  const alphas: readonly AlphaMode[] = channels === 4 ? ALPHA_MODES : ['opaque'];
  return alphas.flatMap((alpha) => BORDER_MODES.map((border) => ({ alpha, border, passes: 1 })));
}

export function referenceOf(input: Raster, operation: Operation): Raster {
  const output = createRaster(input.width, input.height, input.channels);
  transformReference(input, output, operation);
  return output;
}

export function transformedSync(backend: Backend, input: Raster, job: Job): Raster {
  const output = createRaster(input.width, input.height, input.channels);
  backend.transformSync!(input, output, job);
  return output;
}

/** Where the first difference lies, for a message that helps; undefined where there is none. */
export function firstDifference(expected: Raster, got: Raster): string | undefined {
  if (Buffer.compare(expected.data, got.data) === 0) return undefined;
  const at = expected.data.findIndex((sample, index) => sample !== got.data[index]);
  const x = Math.trunc((at % expected.rowBytes) / expected.channels);
  const place = `x ${x}, y ${Math.trunc(at / expected.rowBytes)}, channel ${(at % expected.rowBytes) % expected.channels}`;
  return `${place}: expected ${expected.data[at]}, got ${got.data[at]}`;
}
