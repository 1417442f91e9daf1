import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { createImage } from '../src/image.js';
import { ALPHA_MODES, checkOperation, checkRunOptions } from '../src/options.js';
import { type TransformOptions, transform, transformSync } from '../src/transform.js';

const input = createImage(4, 4, 4);

test('defaults', () => {
  expect(checkOperation({})).toEqual({ alpha: 'opaque', border: 'skip', passes: 1 });
  expect(checkRunOptions({})).toEqual({});
});

describe('what is refused', () => {
  test.each<[string, string, Record<string, unknown>]>([
    [
      'INVALID_OPTION',
      "Expected one of auto, gpu, cpu, wasm, reference for options.backend, but received 'cuda' (string).",
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
      { output: createImage(4, 4, 3) },
    ],
    ['INVALID_IMAGE', 'for options.output.width', { output: { ...createImage(4, 4, 4), width: -1 } }],
  ])('%s: %s', async (code, message, options) => {
    const error = expect.objectContaining({ code, message: expect.stringContaining(message) });
    await expect(transform(input, options as TransformOptions)).rejects.toEqual(error);
    expect(() => transformSync(input, options as TransformOptions)).toThrow(error);
  });
});

test('a signal of another realm is one', () => {
  const foreign = { aborted: false, addEventListener() {}, removeEventListener() {}, throwIfAborted() {} };
  expect(checkRunOptions({ signal: foreign as unknown as AbortSignal }).signal).toBe(foreign);
});

test('undefined is as good as nothing', async () => {
  const nothing = { backend: undefined, alpha: undefined, border: undefined, passes: undefined, threads: undefined };
  const { image } = await transform(input, { ...nothing, output: undefined, signal: undefined, onSpan: undefined });
  expect(image.width).toBe(4);
});

test('kernel and shader number the alpha modes in the same order', () => {
  const header = readFileSync(new URL('../native-fallback/strip.h', import.meta.url), 'utf8');
  expect(header.match(/enum class Alpha : int \{ (.*) \}/)?.[1].split(', ')).toEqual([...ALPHA_MODES]);
  const shader = readFileSync(new URL('../shaders/fast_pass.wgsl', import.meta.url), 'utf8');
  const numbers = ALPHA_MODES.map((mode) => shader.match(`const ${mode.toUpperCase()} = (\\d)u;`)?.[1]);
  expect(numbers).toEqual(['0', '1', '2']);
});

test('an error of a listener is an error of its own, not of the work', () => {
  const later = vi.spyOn(globalThis, 'queueMicrotask').mockImplementation(() => {});
  const onSpan = () => {
    throw new Error('of the listener');
  };
  checkRunOptions({ onSpan }).onSpan!({ name: 'upload', track: 'main', startMs: 0, endMs: 1 });
  expect(later.mock.calls).toHaveLength(1);
  expect(later.mock.calls[0][0]).toThrow('of the listener');
  later.mockRestore();
});
