import path from 'node:path';
import { expect, test } from 'vitest';
import type { TransformRequest } from '../../src/cli/program.js';
import { runTransform } from '../../src/cli/run-transform.js';
import type { Steps } from '../../src/cli/transform-files.js';
import { describeCodecs } from '../../src/codec/png.js';
import { type ErrorCode, NeighborProductError } from '../../src/errors.js';
import type { Raster } from '../../src/image.js';
import { type BackendName, type Result, transformSync } from '../../src/index.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { folderWith, picture } from './command.js';

const ASKED: Omit<TransformRequest, 'inputs' | 'output'> = {
  transform: { ...DEFAULT_OPERATION, backend: 'auto' },
  maxPixels: 99,
  compression: 'balanced',
  verify: false,
  json: false,
  trace: undefined,
  verbosity: 'normal',
};

/** What a fake backend says and does, and which inputs cannot be read. */
interface Scene {
  readonly backend?: BackendName;
  readonly spoil?: (image: Raster) => void;
  readonly failures?: Readonly<Record<string, ErrorCode>>;
}

/** A run that touches no file and no backend but the reference, and everything that came of it. */
async function play(scene: Scene, asked: Partial<TransformRequest> = {}) {
  const written: string[] = [];
  const compressions: (string | undefined)[] = [];
  const said: string[] = [];
  const records: string[] = [];
  const steps: Steps = {
    declaredSize: () => ({ width: 1, height: 1 }),
    read: async (input) => {
      const code = scene.failures?.[input];
      if (code) throw new NeighborProductError(code, `the message of ${code}`);
      return new Uint8Array();
    },
    decode: async () => picture(5, 4),
    transform: async (image, options) => transformAs(scene, image as Raster, options),
    encode: async (_, { compression }) => {
      compressions.push(compression);
      return new Uint8Array(3);
    },
    codecs: describeCodecs,
    write: async (output) => {
      written.push(path.basename(output));
    },
  };
  const request = { ...ASKED, inputs: ['a.png'], output: `${folderWith()}/`, ...asked };
  const exitCode = await runTransform(request, steps, {
    record: async (line) => void records.push(line),
    say: (text) => void said.push(text),
    isColoured: false,
  });
  return { exitCode, written, compressions, said, records };
}

function transformAs({ backend = 'cpu', spoil }: Scene, image: Raster, options = {}): Result {
  const result = transformSync(image, { ...options, backend: 'reference' });
  spoil?.(result.image);
  return { ...result, backend, reason: 'the reason' };
}

const oneByteOff = ({ data }: Raster) => {
  data[(2 * 5 + 1) * 4 + 2] ^= 1;
};

test('a picture is written and told in a line', async () => {
  const { exitCode, written, said, records } = await play({});
  expect({ exitCode, written, records }).toEqual({ exitCode: 0, written: ['a.png'], records: [] });
  expect(said).toEqual([expect.stringMatching(/^a\.png → .*a\.png {2}5x4 {2}cpu \(.*; the reason\) {2}decode /)]);
});

test('--verify lets equal bytes pass', async () => {
  const { exitCode, written, said } = await play({}, { verify: true });
  expect({ exitCode, written }).toEqual({ exitCode: 0, written: ['a.png'] });
  expect(said[0]).toMatch(/, verified$/);
});

test('--verify finds one byte, tells where, and nothing is written', async () => {
  const { exitCode, written, said, records } = await play({ spoil: oneByteOff }, { verify: true, json: true });
  expect({ exitCode, written }).toEqual({ exitCode: 1, written: [] });
  expect(said).toEqual([
    expect.stringMatching(
      /^error: a\.png: .* but 1 of 20 pixels differ, first at x = 1, y = 2: expected .*, received /,
    ),
  ]);
  expect(JSON.parse(records[0]).error.code).toBe('DIFFERENCES_FOUND');
});

test('without --verify nobody looks', async () => {
  expect(await play({ spoil: oneByteOff })).toMatchObject({ exitCode: 0, written: ['a.png'] });
});

test('where the reference itself ran, --verify says that it proved nothing', async () => {
  const { exitCode, said, records } = await play({ backend: 'reference' }, { verify: true, json: true });
  expect(exitCode).toBe(0);
  expect(said.join()).toContain('--verify had nothing to compare');
  expect(JSON.parse(records[0]).verified).toBe(false);
});

test('falling back to the reference is said once, with what to install', async () => {
  const inputs = ['a.png', 'b.png'];
  const { said } = await play({ backend: 'reference' }, { inputs });
  const warnings = said.filter((line) => line.startsWith('warning:'));
  expect(warnings).toEqual([
    expect.stringMatching(/slow reference ran: the reason\. Build the CPU addon with npm run build:addon/),
  ]);
  const asked = await play({ backend: 'reference' }, { transform: { ...ASKED.transform, backend: 'reference' } });
  expect(asked.said.filter((line) => line.startsWith('warning:'))).toEqual([]);
});

test('--quiet says errors only, --json replaces the summary, --verbose adds to it', async () => {
  const failures = { 'x.png': 'INVALID_PNG' } as const;
  const quiet = await play({ backend: 'reference', failures }, { inputs: ['a.png', 'x.png'], verbosity: 'quiet' });
  expect(quiet.said).toEqual(['error: x.png: the message of INVALID_PNG']);
  const json = await play({}, { json: true });
  expect(json.said).toEqual([]);
  expect(JSON.parse(json.records[0])).toMatchObject({ input: 'a.png', backend: 'cpu', width: 5, height: 4 });
  const verbose = await play({}, { verbosity: 'verbose' });
  expect(verbose.said.join('\n')).toContain('why cpu: the reason');
});

test('a bad picture is reported, the others are done, and the first failure gives the exit code', async () => {
  const failures = { 'x.png': 'INVALID_PNG', 'y.png': 'OUTPUT_UNWRITABLE' } as const;
  const forth = await play({ failures }, { inputs: ['a.png', 'x.png', 'b.png', 'y.png', 'c.png'], json: true });
  expect(forth).toMatchObject({ exitCode: 3, written: ['a.png', 'b.png', 'c.png'] });
  expect(forth.records.map((line) => JSON.parse(line).error?.code)).toEqual([
    undefined,
    'INVALID_PNG',
    undefined,
    'OUTPUT_UNWRITABLE',
    undefined,
  ]);
  expect(await play({ failures }, { inputs: ['y.png', 'x.png'] })).toMatchObject({ exitCode: 5, written: [] });
});

test('without its backend no other picture is tried', async () => {
  const failures = { 'x.png': 'BACKEND_UNAVAILABLE' } as const;
  const { exitCode, written, said } = await play({ failures }, { inputs: ['x.png', 'a.png', 'b.png'] });
  expect({ exitCode, written }).toEqual({ exitCode: 4, written: [] });
  expect(said).toHaveLength(1);
});

test('what nobody foresaw ends one picture, not the run', async () => {
  const { exitCode, said } = await play({
    spoil: () => {
      throw new TypeError('x is not y');
    },
  });
  expect(exitCode).toBe(70);
  expect(said[0]).toMatch(/^error: a\.png: This is a defect of neighbor-product, .*x is not y\n/);
});

test('the effort asked for reaches the encoder', async () => {
  expect(await play({}, { compression: 'small' })).toMatchObject({ compressions: ['small'] });
});
