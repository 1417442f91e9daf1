import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { createRaster } from '../src/image.js';
import { ALPHA_MODES, BORDER_MODES, checkOptions, type TransformOptions } from '../src/options.js';

const input = createRaster(4, 4, 4);

test('defaults', () => {
  expect(checkOptions({}, input)).toEqual({ backend: 'auto', alpha: 'opaque', border: 'skip', passes: 1 });
});

describe('what is refused', () => {
  test.each<[string, string, Record<string, unknown>]>([
    [
      'INVALID_OPTION',
      "Expected one of auto, gpu, cpu, reference for options.backend, but received 'cuda' (string).",
      { backend: 'cuda' },
    ],
    ['INVALID_OPTION', 'Expected one of opaque, channel, keep for options.alpha', { alpha: 'none' }],
    ['INVALID_OPTION', 'Expected one of skip, replicate, reflect, wrap for options.border', { border: 1 }],
    [
      'INVALID_OPTION',
      'Expected a whole number from 1 to 1000 for options.passes, but received 0 (number).',
      { passes: 0 },
    ],
    ['INVALID_OPTION', 'Expected a whole number from 1 to 256 for options.threads', { threads: 1.5 }],
    ['INVALID_OPTION', "for the name of an option, but received 'bordr' (string).", { bordr: 'wrap' }],
    ['INVALID_OPTION', 'Expected an AbortSignal for options.signal', { signal: {} }],
    ['INVALID_OPTION', 'Expected a function for options.onSpan', { onSpan: true }],
    [
      'INVALID_IMAGE',
      'Expected an image like the input, 4x4 RGBA, for options.output',
      { output: createRaster(4, 4, 3) },
    ],
    ['INVALID_IMAGE', 'for options.output.width', { output: { ...createRaster(4, 4, 4), width: -1 } }],
  ])('%s: %s', (code, message, options) => {
    const check = () => checkOptions(options as TransformOptions, input);
    expect(check).toThrow(message);
    expect(check).toThrow(expect.objectContaining({ code }));
  });
});

test('the kernel counts the modes in the same order', () => {
  const header = readFileSync(new URL('../native-fallback/neighbor_product.h', import.meta.url), 'utf8');
  const wordsOf = (name: string) => header.match(new RegExp(`enum class ${name} : int \\{ (.*) \\}`))?.[1].split(', ');
  expect(wordsOf('Alpha')).toEqual([...ALPHA_MODES]);
  expect(wordsOf('Border')).toEqual([...BORDER_MODES]);
});

test('what a listener throws is an error of its own, not of the work it is told of', () => {
  const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
  const onSpan = () => {
    throw new Error('of the listener');
  };
  const job = checkOptions({ onSpan }, createRaster(3, 3, 4));
  job.onSpan!({ name: 'upload', lane: 'main', startMs: 0, endMs: 1 });
  expect(later.mock.calls).toHaveLength(1);
  expect(later.mock.calls[0][0]).toThrow('of the listener');
  later.mockRestore();
});
