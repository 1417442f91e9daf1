import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { NothingAsked } from '../../src/cli/program.js';
import {
  detailLines,
  droppedWarnings,
  errorText,
  progressText,
  recordLine,
  summaryLine,
  wantsColour,
  warningLine,
} from '../../src/cli/report.js';
import { NeighborProductError } from '../../src/errors.js';
import type { Extra, ExtraId } from '../../src/formats/extra.js';
import type { Done } from '../../src/image-files/flow.js';

const CPU_SHARE = { backend: 'cpu', device: 'avx2, 2 threads', rows: 4, elapsedMs: 1.5 } as const;
const CPU = {
  backend: 'cpu',
  reason: 'no GPU answered',
  device: 'avx2, 2 threads',
  exactPixels: 3,
  shares: [CPU_SHARE],
} as const;

const DONE: Done = {
  kind: 'done',
  file: { input: 'in.png', output: 'out.png' },
  width: 5,
  height: 4,
  images: 1,
  result: CPU,
  decodeMs: 39.6,
  transformMs: 1.1234567,
  encodeMs: 12_345.6,
  elapsedMs: 12_350.1,
  fileByteLength: 321,
  codecs: {
    decoder: { name: 'pngjs', detail: 'as a whole' },
    encoder: { name: 'neighbor-product', detail: 'with the addon' },
  },
  verified: false,
  kept: [],
  dropped: [],
};

const PLAIN = { isVerbose: false, isColoured: false };

test('the summary is one line: names, size, backend and times', () => {
  const steps = 'decode 40 ms, transform 1.1 ms, encode 12.3 s';
  const line = `in.png → out.png  5x4  cpu (avx2, 2 threads)  12.4 s (${steps})`;
  expect(summaryLine(DONE, false)).toBe(line);
  expect(summaryLine({ ...DONE, verified: true }, false)).toBe(`${line}, verified`);
});

test('the summary says why a backend ran that was not the first choice', () => {
  expect(summaryLine(DONE, true)).toContain('  cpu (avx2, 2 threads; no GPU answered)  ');
  expect(summaryLine(DONE, false)).not.toContain('no GPU');
});

test('shares of several backends are in the summary, and in the details with their devices', () => {
  const shares = [{ backend: 'gpu', device: 'NVIDIA H100', rows: 12, elapsedMs: 3 } as const, CPU_SHARE];
  const done: Done = { ...DONE, result: { ...CPU, backend: 'gpu', shares } };
  expect(summaryLine(done, false)).toContain('  gpu 75 %, cpu 25 %  ');
  expect(detailLines(done).slice(1, 3)).toEqual([
    '  gpu (NVIDIA H100): 12 rows in 3.0 ms',
    '  cpu (avx2, 2 threads): 4 rows in 1.5 ms',
  ]);
});

test('the streams have names, and control characters in the name of a file are escaped', () => {
  expect(summaryLine({ ...DONE, file: { input: '-', output: '-' } }, false)).toMatch(
    /^standard input → standard output /,
  );
  const line = summaryLine({ ...DONE, file: { input: 'a\nb\u001b[2J.png', output: 'c\u009b' } }, false);
  expect(line).toMatch(/^a\\nb\\u001b\[2J\.png → c\\u009b {2}/);
});

test('details have the reason, the exact pixels, the codecs and the place of the file', () => {
  expect(detailLines(DONE)).toEqual([
    '  why cpu: no GPU answered',
    '  computed in binary64: 3 of 20 pixels',
    '  read by pngjs (as a whole), written by neighbor-product (with the addon)',
    `  written: ${path.resolve('out.png')} (321 bytes)`,
  ]);
  expect(detailLines({ ...DONE, inPlace: 'rename refused (EBUSY)' })[3]).toBe(
    `  written: ${path.resolve('out.png')} (321 bytes), in place: rename refused (EBUSY)`,
  );
  expect(detailLines({ ...DONE, file: { input: '-', output: '-' } })[3]).toBe('  written: standard output (321 bytes)');
});

test('a record is one line of JSON', () => {
  const line = recordLine({ ...DONE, file: { input: 'a\n"b".png', output: '-' } });
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toEqual({
    ...CPU,
    input: 'a\n"b".png',
    output: '-',
    width: 5,
    height: 4,
    images: 1,
    decoder: 'pngjs',
    encoder: 'neighbor-product',
    decodeMs: 39.6,
    transformMs: 1.123,
    encodeMs: 12345.6,
    elapsedMs: 12350.1,
    verified: false,
    kept: [],
    dropped: [],
  });
});

test('raw images are counted, in the summary and in the details', () => {
  const raw = { ...DONE, images: 25 };
  expect(summaryLine(raw, false)).toContain('  25 x 5x4  cpu');
  expect(detailLines(raw)[1]).toBe('  computed in binary64: 3 of 500 pixels');
});

test('progress has share, speed and time left, as far as they are known', () => {
  const file = { input: 'in\n.png', output: 'out.png' };
  expect(progressText(file, 45e6, 100e6, 1500)).toBe('in\\n.png  45 %  30 megapixels/s  2 s left');
  expect(progressText({ ...file, input: '-' }, 45e6, undefined, 1500)).toBe('standard input  30 megapixels/s');
});

describe('what is not in the output', () => {
  const copies = [{ type: 'tEXt', data: new Uint8Array() }];
  const extra = (id: ExtraId, term: string, isCopyable = false): Extra => ({
    id,
    term,
    copies: isCopyable ? copies : [],
  });
  const text = extra('text', 'text', true);
  const density = extra('density', 'density', true);
  const profile = extra('colour-profile', 'colour profile of greyscale');
  const minor = [extra('srgb', 'sRGB tag', true), extra('time', 'time stamp'), extra('other', 'chunks bKGD')];
  const noMetadata = [
    extra('16-bit', '16-bit samples'),
    extra('animation', '3 more frames of an animation'),
    extra('trailing-bytes', '9 bytes after the end of the PNG'),
  ];

  test('is a warning for each kind of advice', () => {
    expect(droppedWarnings([text, density, profile, ...noMetadata], undefined)).toEqual([
      '16-bit samples were rounded to 8 bits.',
      'Not in the output: colour profile of greyscale, 3 more frames of an animation, 9 bytes after the end of the PNG.',
      'Not in the output: text, density. Add --metadata keep to copy them.',
    ]);
    expect(droppedWarnings([text], undefined)).toEqual(['Not in the output: text. Add --metadata keep to copy it.']);
  });

  test('needs no warning if it is minor, or metadata that the user drops', () => {
    expect(droppedWarnings([], undefined)).toEqual([]);
    expect(droppedWarnings(minor, undefined)).toEqual([]);
    expect(droppedWarnings([text, profile, ...minor], 'drop')).toEqual([]);
    expect(droppedWarnings(noMetadata, 'drop')).toEqual(droppedWarnings(noMetadata, undefined));
    expect(droppedWarnings([profile], 'keep')).toEqual(['Not in the output: colour profile of greyscale.']);
  });

  test('is in the details, as is what was kept', () => {
    const lines = detailLines({ ...DONE, kept: [text, density], dropped: minor });
    expect(lines).toContain('  also in the output: text, density');
    expect(lines).toContain('  not in the output: sRGB tag, time stamp, chunks bKGD');
  });

  test('is in the record, by identifiers, each once', () => {
    const record = JSON.parse(
      recordLine({ ...DONE, kept: [text, density], dropped: [extra('text', 'text'), ...minor] }),
    );
    expect(record).toMatchObject({ kept: ['text', 'density'], dropped: ['text', 'srgb', 'time', 'other'] });
  });
});

test('the record of a failure has its code', () => {
  const error = new NeighborProductError('INVALID_PNG', 'Cannot read this.');
  expect(JSON.parse(recordLine({ kind: 'failed', file: DONE.file, error }))).toEqual({
    input: 'in.png',
    output: 'out.png',
    error: { code: 'INVALID_PNG', message: 'Cannot read this.', isTemporary: false },
  });
});

test('an error names its input once', () => {
  const error = new NeighborProductError('INVALID_PNG', 'Expected a\nb.');
  expect(errorText(error, PLAIN)).toBe('error: Expected a\\nb.');
  expect(errorText(error, { ...PLAIN, input: 'in.png' })).toBe('error: in.png: Expected a\\nb.');
  expect(errorText(error, { ...PLAIN, input: '-' })).toBe('error: standard input: Expected a\\nb.');
  const stdin = new NeighborProductError('INPUT_UNREADABLE', 'Cannot read standard input: it is a folder.');
  expect(errorText(stdin, { ...PLAIN, input: '-' })).toBe('error: Cannot read standard input: it is a folder.');
  const named = new NeighborProductError('INPUT_UNREADABLE', "Cannot read 'in.png'.");
  expect(errorText(named, { ...PLAIN, input: 'in.png' })).toBe("error: Cannot read 'in.png'.");
  const stream = new NeighborProductError('INPUT_UNREADABLE', 'Cannot read standard input.');
  expect(errorText(stream, { ...PLAIN, input: '-' })).toBe('error: Cannot read standard input.');
});

test('causes are printed on request, where they say more', () => {
  const open = new Error("ENOENT: no such file or directory, open 'x\ny'");
  const cause = new Error('It failed.', { cause: open });
  const error = new NeighborProductError('INVALID_PNG', 'Cannot read x. It failed. Check it.', { cause });
  expect(errorText(error, PLAIN)).toBe('error: Cannot read x. It failed. Check it.');
  const VERBOSE = { ...PLAIN, isVerbose: true };
  expect(errorText(error, VERBOSE)).toBe(
    "error: Cannot read x. It failed. Check it.\n  cause: ENOENT: no such file or directory, open 'x\\ny'",
  );
  expect(
    errorText(new NeighborProductError('DIFFERENCES_FOUND', '1 pixel differs.', { cause: 'a text' }), VERBOSE),
  ).toBe('error: 1 pixel differs.\n  cause: a text');
  const circle = new NeighborProductError('INVALID_PNG', 'Round.');
  circle.cause = new Error('And round.', { cause: circle });
  expect(errorText(circle, VERBOSE)).toBe('error: Round.\n  cause: And round.');
});

test('a mistake never has a stack, a defect always', () => {
  const error = new NeighborProductError('INVALID_PNG', 'Expected this.', { cause: new Error('the cause') });
  for (const isVerbose of [false, true]) {
    expect(errorText(error, { ...PLAIN, isVerbose })).not.toMatch(/report\.test\.ts|\n +at /);
    expect(errorText(new TypeError('x is not y'), { ...PLAIN, isVerbose })).toMatch(
      /^error: This is a defect of neighbor-product, please report it: x is not y\n.*report\.test\.ts/s,
    );
  }
});

test('nothing asked is answered by the text alone, in several lines', () => {
  expect(errorText(new NothingAsked(), { ...PLAIN, isColoured: true })).toMatch(/^Usage: .*\n/);
});

test('only the first word is coloured', () => {
  expect(errorText(new NeighborProductError('INVALID_PNG', 'x'), { ...PLAIN, isColoured: true })).toBe(
    '\u001b[31merror:\u001b[39m x',
  );
  expect(warningLine('x', true)).toBe('\u001b[33mwarning:\u001b[39m x');
  expect(warningLine('x', false)).toBe('warning: x');
});

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true, false],
])('%j on a terminal: %s, colour: %s', (environment, isTerminal, expected) => {
  expect(wantsColour(environment, isTerminal)).toBe(expected);
});
