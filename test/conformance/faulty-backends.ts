/** Backends that are wrong on purpose, to show that the suite can fail: a suite that finds none of these finds nothing. */
import type { Subject } from '../../src/conformance/subject.js';
import { type CheckedImage, createImage } from '../../src/image.js';
import type { Operation } from '../../src/options.js';
import { neighbourhood, transformReference } from '../../src/reference.js';

/** Each must fail under its name. */
export function makeFaultySubjects(): Subject[] {
  return [
    makeFaulty('one byte off in one pixel', makeOneByteOff()),
    makeFaulty('skips the exact pass', transformWithoutExactPass),
    makeFaulty('swaps channels', transformSwapped),
  ];
}

type Transform = (input: CheckedImage, output: CheckedImage, operation: Operation) => void;

function makeFaulty(name: string, transform: Transform): Subject {
  return {
    name,
    backend: {
      async transform(input, output, operation) {
        transform(input, output, operation);
        return { device: 'wrong on purpose', exactPixels: 0 };
      },
    },
  };
}

/** Right except for one sample of the middle pixel in the hundredth transform. */
function makeOneByteOff(): Transform {
  let transforms = 0;
  return (input, output, operation) => {
    transformReference(input, output, operation);
    transforms++;
    if (transforms !== 100) return;
    const middle = (output.height >> 1) * output.rowBytes + (output.width >> 1) * output.channels;
    output.data[middle] ^= 1;
  };
}

/** Swaps red and blue. */
function transformSwapped(input: CheckedImage, output: CheckedImage, operation: Operation): void {
  transformReference(input, output, operation);
  const margin = operation.border === 'skip' ? 1 : 0;
  for (let y = margin; y < output.height - margin; y++) {
    for (let x = margin; x < output.width - margin; x++) {
      const at = y * output.rowBytes + x * output.channels;
      output.data.subarray(at, at + 3).reverse();
    }
  }
}

/** Single precision throughout: right for all but the few samples that it leaves undecided. */
function transformWithoutExactPass(input: CheckedImage, output: CheckedImage, operation: Operation): void {
  let current: CheckedImage = { ...input, data: input.data.slice() };
  for (let pass = 1; pass < operation.passes; pass++) {
    const next = createImage(input.width, input.height, input.channels);
    transformInSinglePrecision(current, next, operation);
    current = next;
  }
  transformInSinglePrecision(current, output, operation);
}

function transformInSinglePrecision(input: CheckedImage, output: CheckedImage, { alpha, border }: Operation): void {
  const { width, height, channels, rowBytes, data } = input;
  const normChannels = alpha === 'channel' ? channels : 3;
  const margin = border === 'skip' ? 1 : 0;
  for (let y = margin; y < height - margin; y++) {
    const rows = neighbourhood(y, height, border).map((row) => row * rowBytes);
    for (let x = margin; x < width - margin; x++) {
      const columns = neighbourhood(x, width, border).map((column) => column * channels);
      const products = Array.from({ length: normChannels }, (_, c) =>
        multiplyInSinglePrecision(data, rows, columns, c),
      );
      const at = y * output.rowBytes + x * channels;
      output.data.set(normaliseInSinglePrecision(products), at);
      if (channels > normChannels) output.data[at + 3] = alpha === 'keep' ? data[rows[1] + columns[1] + 3] : 255;
    }
  }
}

/** Scaled by 2^-8 per column, so that no square leaves the range of normal numbers. */
function multiplyInSinglePrecision(data: Uint8Array, rows: number[], columns: number[], c: number): number {
  const columnProducts = columns.map((column) => {
    return rows.reduce((product, row) => product * data[row + column + c], 1) / 256;
  });
  return columnProducts.reduce((left, right) => Math.fround(left * right));
}

function normaliseInSinglePrecision(products: number[]): number[] {
  const { fround } = Math;
  const squares = products.reduce((sum, product) => fround(sum + fround(product * product)), 0);
  const norm = fround(Math.sqrt(squares));
  return products.map((product) => (norm === 0 ? 0 : Math.trunc(Math.min(255, fround(fround(255 * product) / norm)))));
}
