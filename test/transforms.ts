/** Operations, transforms and comparisons for the tests. */
import type { Transformer } from '../src/backend.js';
import { type CheckedImage, createImage } from '../src/image.js';
import { ALPHA_MODES, type AlphaMode, DEFAULT_OPERATION, type Operation, type RunOptions } from '../src/options.js';
import { transformReference } from '../src/reference.js';
import { BORDER_MODES } from '../src/regions.js';

export function operationOf(operation: Partial<Operation> = {}): Operation {
  return { ...DEFAULT_OPERATION, ...operation };
}

/** Every mode that makes a difference: an image of three channels has no alpha. */
export function modesOf(channels: 3 | 4): Operation[] {
  const alphas: readonly AlphaMode[] = channels === 4 ? ALPHA_MODES : ['opaque'];
  return alphas.flatMap((alpha) => BORDER_MODES.map((border) => ({ alpha, border, passes: 1 })));
}

export function referenceOf(input: CheckedImage, operation: Partial<Operation> = {}): CheckedImage {
  const output = createImage(input.width, input.height, input.channels);
  transformReference(input, output, operationOf(operation));
  return output;
}

export function transformedSync(
  transformer: Transformer,
  input: CheckedImage,
  operation: Partial<Operation> = {},
  run: RunOptions = {},
): CheckedImage {
  const output = createImage(input.width, input.height, input.channels);
  transformer.transformSync!(input, output, operationOf(operation), run);
  return output;
}

/** Where the bytes of a transformer differ from the reference's; undefined where they do not. */
export async function differenceOf(
  transformer: Transformer,
  input: CheckedImage,
  operation: Partial<Operation> = {},
): Promise<string | undefined> {
  const output = createImage(input.width, input.height, input.channels);
  await transformer.transform(input, output, operationOf(operation));
  const difference = firstDifference(referenceOf(input, operation), output);
  const { alpha, border, passes } = operationOf(operation);
  return difference && `${input.width}x${input.height}x${input.channels} ${alpha} ${border} ${passes}: ${difference}`;
}

/** The first difference, for a message that helps; undefined where there is none. */
export function firstDifference(expected: CheckedImage, actual: CheckedImage): string | undefined {
  if (Buffer.compare(expected.data, actual.data) === 0) return undefined;
  const at = expected.data.findIndex((sample, index) => sample !== actual.data[index]);
  const x = Math.trunc((at % expected.rowBytes) / expected.channels);
  const place = `x ${x}, y ${Math.trunc(at / expected.rowBytes)}, channel ${(at % expected.rowBytes) % expected.channels}`;
  return `${place}: expected ${expected.data[at]}, actual ${actual.data[at]}`;
}
