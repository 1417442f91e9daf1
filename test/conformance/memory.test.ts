import { describe, expect, test } from 'vitest';
import { type Case, listCases } from '../../src/conformance/cases.js';
import { prepareCase, viewImages } from '../../src/conformance/memory.js';
import { GUARD_BYTES } from '../../src/conformance/placements.js';
import { transformReference } from '../../src/reference.js';

const NO_FIXTURES = new Map();

function prepare(id: string) {
  const [item] = listCases({ id });
  return prepareCase(item, NO_FIXTURES);
}

describe('the memory of a case', () => {
  test('holds the input in its place, row by row', () => {
    const { item, image, before } = prepare('memory/padding/both/rgb/5');
    const { input } = viewImages(item, before);
    expect(input.rowBytes).toBe(image.rowBytes + 5);
    for (let y = 0; y < image.height; y++) {
      const row = input.data.subarray(y * input.rowBytes, y * input.rowBytes + image.rowBytes);
      expect(row).toEqual(image.data.subarray(y * image.rowBytes, (y + 1) * image.rowBytes));
    }
  });

  test('has guards before the first sample and behind the last', () => {
    for (const item of listCases({ filter: 'memory/' })) {
      const { before } = prepareCase(item, NO_FIXTURES);
      for (const { data } of Object.values(viewImages(item, before))) {
        expect(data.byteOffset).toBeGreaterThanOrEqual(GUARD_BYTES);
        expect(data.buffer.byteLength - data.byteOffset - data.byteLength).toBeGreaterThanOrEqual(GUARD_BYTES);
      }
    }
  });

  test('is one where the case says so', () => {
    const shared = prepare('overlap/byte-later/skip/rgb/passes-1');
    expect(shared.before.output).toBe(shared.before.input);
    expect(shared.expected.output).toBe(shared.expected.input);
    const apart = prepare('border/skip/rgb/3x3');
    expect(apart.before.output).not.toBe(apart.before.input);
  });
});

describe('the memory expected', () => {
  test('changes only what the border mode computes', () => {
    const { item, before, expected } = prepare('border/skip/rgb/4x4');
    const changed = [...expected.output.keys()].filter((at) => before.output[at] !== expected.output[at]);
    const { byteOffset, rowBytes } = item.output;
    const inner = [1, 2].flatMap((y) =>
      Array.from({ length: 6 }, (_, sample) => byteOffset + y * rowBytes + 3 + sample),
    );
    expect(inner).toEqual(expect.arrayContaining(changed));
    expect(changed.length).toBeGreaterThan(6);
    expect(expected.input).toEqual(before.input);
  });

  test('is what the reference leaves where images lie apart, over each other, side by side', () => {
    const cases = [...listCases({ filter: 'overlap/' }), ...listCases({ filter: 'memory/' })];
    expect(cases.length).toBeGreaterThan(300);
    const wrong = cases.filter((item: Case) => {
      const { before, expected } = prepareCase(item, NO_FIXTURES);
      const { input, output } = viewImages(item, before);
      transformReference(input, output, item.operation);
      return Buffer.compare(before.output, expected.output) !== 0 || Buffer.compare(before.input, expected.input) !== 0;
    });
    expect(wrong).toEqual([]);
  });
});
