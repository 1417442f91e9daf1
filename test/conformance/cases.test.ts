import { describe, expect, test } from 'vitest';
import { type Case, listCases } from '../../src/conformance/cases.js';
import { IMAGE_KINDS, makeImage } from '../../src/conformance/images.js';
import { ALPHA_MODES } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';

const all = listCases();
const quick = listCases({ quick: true });
const idsOf = (cases: readonly Case[]) => cases.map(({ id }) => id);
const kindOf = ({ image }: Case) => ('kind' in image ? image.kind : undefined);

describe('the full list', () => {
  test('holds at least 2,000 cases and 50 million bytes', () => {
    const bytes = all.reduce((sum, { image }) => sum + image.width * image.height * image.channels, 0);
    expect(all.length).toBeGreaterThanOrEqual(2000);
    expect(bytes).toBeGreaterThanOrEqual(50_000_000);
  });

  test('has no id twice', () => {
    expect(new Set(idsOf(all)).size).toBe(all.length);
  });

  test('has the ids it is known by', () => {
    const ids = new Set(idsOf(all));
    for (const id of [
      'border/wrap/rgba/33x7',
      'alpha/keep/reflect/rgba/passes-3',
      'kind/exact-integers/rgba-channel/skip',
      'memory/offset/both/rgb/1',
      'overlap/in-place/replicate/rgb/passes-2',
      'seam/skip/rgba/65537x3',
      'large/worst-case/rgb',
      'random/000',
    ]) {
      expect(ids).toContain(id);
    }
  });

  test('starts each id with its group', () => {
    expect(all.filter(({ id, group }) => !id.startsWith(`${group}/`))).toEqual([]);
  });

  test('keeps every image inside its memory and rows apart', () => {
    const loose = all.filter(({ image, input, output }) =>
      [input, output].some((layout) => layout.byteOffset < 0 || layout.rowBytes < image.width * image.channels),
    );
    expect(loose).toEqual([]);
  });
});

describe.each([
  ['full', all],
  ['quick', quick],
])('the %s list meets', (name, cases) => {
  test('every kind of image', () => {
    expect(new Set(cases.map(kindOf))).toEqual(new Set(IMAGE_KINDS));
  });

  test('every border mode with RGB and with each alpha mode of RGBA', () => {
    const met = new Set(
      cases.map(({ operation: { border, alpha }, image }) => `${border} ${image.channels === 4 ? alpha : 'rgb'}`),
    );
    expect(met.size).toBe(BORDER_MODES.length * (ALPHA_MODES.length + 1));
  });

  test('several passes, odd offsets, long rows, overlaps', () => {
    expect(cases.some(({ operation }) => operation.passes > 2)).toBe(true);
    expect(cases.some(({ input, output }) => input.byteOffset % 2 && output.byteOffset % 2)).toBe(true);
    expect(cases.some(({ image, output }) => output.rowBytes > image.width * image.channels)).toBe(true);
    expect(cases.some(({ shared }) => shared)).toBe(true);
  });

  test(`every group that can be ${name}`, () => {
    const groups = ['border', 'alpha', 'kind', 'memory', 'overlap', 'random'];
    expect(new Set(cases.map(({ group }) => group))).toEqual(
      new Set(name === 'full' ? [...groups, 'seam', 'large'] : groups),
    );
  });
});

describe('a selection', () => {
  test('quick is part of the full list, and small', () => {
    const ids = new Set(idsOf(all));
    expect(quick.filter(({ id }) => !ids.has(id))).toEqual([]);
    expect(quick.length).toBeLessThan(all.length / 5);
  });

  test('by a part of the id', () => {
    expect(idsOf(listCases({ filter: 'wrap/rgba/33x7' }))).toEqual(['border/wrap/rgba/33x7']);
  });

  test('by a pattern, in which a star stands for any text and nothing else is special', () => {
    const ids = idsOf(listCases({ filter: 'border/*/rgba/33x7' }));
    expect(ids).toEqual(BORDER_MODES.map((border) => `border/${border}/rgba/33x7`));
    expect(listCases({ filter: 'border/.*/33x7' })).toEqual([]);
  });

  test('of one id is that case alone, though others begin with it', () => {
    expect(listCases({ filter: 'border/skip/rgb/1x1' }).length).toBeGreaterThan(1);
    expect(idsOf(listCases({ id: 'border/skip/rgb/1x1' }))).toEqual(['border/skip/rgb/1x1']);
  });

  test('that matches nothing is empty', () => {
    expect(listCases({ filter: 'no such case' })).toEqual([]);
  });

  test('with another seed has the same ids and other images', () => {
    const other = listCases({ seed: 2 });
    expect(idsOf(other)).toEqual(idsOf(all));
    const seedOf = ({ image }: Case) => ('seed' in image ? image.seed : 0);
    expect(other.filter((item, index) => seedOf(item) === seedOf(all[index]))).toEqual([]);
  });

  test('with fixtures has each in every mode', () => {
    const fixtures = new Map([['leaf', makeImage('noise', 4, 3, 4, 1)]]);
    const cases = listCases({ fixtures, filter: 'fixture/' });
    expect(idsOf(cases)).toHaveLength(ALPHA_MODES.length * BORDER_MODES.length);
    expect(cases[0]).toMatchObject({ id: 'fixture/leaf/opaque/skip', image: { fixture: 'leaf', width: 4, height: 3 } });
  });
});
