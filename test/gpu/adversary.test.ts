/**
 * Devices that keep WGSL's table of accuracies and no more give the right bytes; devices that exceed it by a small factor do not,
 * which shows that the images would find a mistake in the error bound.
 *
 * NEIGHBOR_PRODUCT_ADVERSARY_BYTES=1e9 compares that many bytes with all arrangements and prints the table.
 */
import { expect, test } from 'vitest';
import { type ImageKind, makeImage } from '../../src/conformance/images.js';
import { createImage } from '../../src/image.js';
import { ALPHA_MODES, type AlphaMode } from '../../src/options.js';
import { operationOf, referenceOf } from '../transforms.js';
import { ARRANGEMENTS, type Arrangement, adversary, deviceOfRow, RULES } from './adversary.js';
import { describeOnGpu, openHost } from './devices.js';

const BYTES = Number(process.env.NEIGHBOR_PRODUCT_ADVERSARY_BYTES ?? 0);
const KINDS: ImageKind[] = [
  ...(['near-integers', 'exact-integers', 'domination', 'domination-band', 'domination-turn'] as const),
  ...(['flat', 'worst-case', 'noise', 'photograph'] as const),
];
const STRENGTHS = 5;
const WIDTH = 128;
/** Each device computes as many rows as another. */
const HEIGHT = 3 * STRENGTHS * Object.keys(RULES).length;

interface Count {
  bytes: number;
  differing: number;
}

/** Counts by device, `rule, strength`. */
type Counts = Map<string, Count>;

interface Run {
  readonly arrangement: Arrangement;
  readonly alpha: AlphaMode;
}

/** Adds the bytes of images of every kind, each of a seed of its own. */
async function compare(runs: readonly Run[], strengths: number, seeds: readonly number[], counts: Counts) {
  const hosts = new Map<Arrangement, Awaited<ReturnType<typeof openHost>>>();
  for (const { arrangement } of runs) {
    if (!hosts.has(arrangement)) {
      hosts.set(arrangement, await openHost({ shaderCode: adversary({ arrangement, strengths, seed: 1 }) }));
    }
  }
  const output = createImage(WIDTH, HEIGHT, 4);
  for (const seed of seeds) {
    for (const [index, kind] of KINDS.entries()) {
      const input = makeImage(kind, WIDTH, HEIGHT, 4, seed * KINDS.length + index);
      for (const alpha of new Set(runs.map((run) => run.alpha))) {
        const expected = referenceOf(input, { alpha });
        for (const { arrangement } of runs.filter((run) => run.alpha === alpha)) {
          await hosts.get(arrangement)!.transform(input, output, operationOf({ alpha }));
          count(expected.data, output.data, strengths, counts);
        }
      }
    }
  }
}

function count(expected: Uint8Array, actual: Uint8Array, strengths: number, counts: Counts): void {
  const rowBytes = WIDTH * 4;
  for (let y = 0; y < HEIGHT; y++) {
    const { rule, strength } = deviceOfRow(y, strengths);
    const key = `${rule}, ${strength}`;
    const sum = counts.get(key) ?? { bytes: 0, differing: 0 };
    counts.set(key, sum);
    sum.bytes += rowBytes;
    for (let at = y * rowBytes; at < (y + 1) * rowBytes; at++) if (expected[at] !== actual[at]) sum.differing++;
  }
}

const SHORT: readonly Run[] = [
  { arrangement: 'as written', alpha: 'channel' },
  { arrangement: 'fused and reassociated', alpha: 'opaque' },
];

describeOnGpu('the worst devices', () => {
  test('that WGSL allows give the right bytes, and those beyond it do not', { timeout: 120_000 }, async () => {
    const counts: Counts = new Map();
    await compare(SHORT, STRENGTHS, [1], counts);
    const weakest = Object.keys(RULES).map((rule) => {
      const strengths = Array.from({ length: STRENGTHS }, (_, index) => index + 1);
      return [rule, strengths.find((strength) => counts.get(`${rule}, ${strength}`)!.differing > 0)];
    });
    // The same on every device, since it is computed in whole numbers.
    expect(Object.fromEntries(weakest)).toEqual({
      'always down': 4,
      'always up': 3,
      'by a hash of the operands': 3,
      't as large as possible': 2,
      't as small as possible': 2,
      't towards the nearest whole sample': 2,
      't large, and small when looked at again': 2,
      't small, and large when looked at again': 2,
    });
  });

  test.skipIf(BYTES === 0)('give the right bytes, at length', { timeout: 3_600_000 }, async () => {
    const runs = ALPHA_MODES.flatMap((alpha) =>
      (Object.keys(ARRANGEMENTS) as Arrangement[]).map((arrangement) => ({ arrangement, alpha })),
    );
    const bytesOfSeed = runs.length * KINDS.length * WIDTH * HEIGHT * 4;
    const seeds = Array.from({ length: Math.ceil(BYTES / bytesOfSeed) }, (_, index) => index + 2);
    const counts: Counts = new Map();
    await compare(runs, 1, seeds, counts);
    process.stderr.write(
      `${[...counts].map(([device, { bytes, differing }]) => `${device}: ${differing} of ${bytes} bytes differ`).join('\n')}\n`,
    );
    expect([...counts.values()].map(({ differing }) => differing)).toEqual(Object.keys(RULES).map(() => 0));
  });
});
