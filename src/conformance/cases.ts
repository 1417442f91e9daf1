/**
 * The cases: what the suite compares, as data, selected by their ids. An id says what was varied and never changes.
 *
 * Each group takes one control case and varies one thing, in every combination that matters; `random` varies everything
 * at once.
 */
import type { CheckedImage } from '../image.js';
import { ALPHA_MODES, DEFAULT_OPERATION, type Operation } from '../options.js';
import { BORDER_MODES } from '../regions.js';
import { Random } from './canvas.js';
import { IMAGE_KINDS, type ImageKind } from './images.js';
import { type ImageShape, OVERLAPS, type Placement, placeApart } from './placements.js';

/** Where a case's input comes from: a generator, or a fixture of the caller's. */
export type ImageSource = ImageShape &
  (
    | {
        /** What is generated. */
        readonly kind: ImageKind;
        /** Of its random numbers, 0 to 2^32 - 1. */
        readonly seed: number;
      }
    | {
        /** The name of one of {@link CaseSelection.fixtures}. */
        readonly fixture: string;
      }
  );

/** One comparison, as data: the same values give the same bytes on every machine. */
export interface Case extends Placement {
  /** Such as `border/wrap/rgba/33x7`. */
  readonly id: string;
  /** The first part of the id. */
  readonly group: string;
  /** The input. */
  readonly image: ImageSource;
  /** The transform to apply. */
  readonly operation: Operation;
}

/** Decoded fixtures by name, which becomes part of the ids of their cases. */
export type Fixtures = ReadonlyMap<string, CheckedImage>;

/** Which cases to run; by default all. */
export interface CaseSelection {
  /** Only every seventh case, and no large ones: default false. */
  readonly quick?: boolean | undefined;
  /** Only cases whose id contains this text, in which `*` stands for any text. */
  readonly filter?: string | undefined;
  /** Only the case with exactly this id. */
  readonly id?: string | undefined;
  /** Of all generated images, 0 to 2^32 - 1: default {@link DEFAULT_SEED}. */
  readonly seed?: number | undefined;
  /** Default: none. */
  readonly fixtures?: Fixtures | undefined;
}

/** The seed where none is given. */
export const DEFAULT_SEED = 1;

/** The cases of a selection, in a fixed order; an empty list if nothing matches. */
export function listCases(selection: CaseSelection = {}): Case[] {
  const { quick = false, filter = '', id: onlyId, seed = DEFAULT_SEED, fixtures = new Map() } = selection;
  if (onlyId?.startsWith(ENDLESS_PREFIX)) return [endlessCase(seed, Number(onlyId.slice(ENDLESS_PREFIX.length)))];
  const pattern = new RegExp(filter.split('*').map(escapePattern).join('.*'));
  return listAllCases(seed, fixtures).filter((item, index) => {
    if (quick && !isQuick(item, index)) return false;
    return pattern.test(item.id) && (onlyId === undefined || item.id === onlyId);
  });
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

const QUICK_PIXELS = 10_000;

/** 7 shares no factor with the numbers of border modes, alpha modes and channels, so every seventh case covers them all. */
function isQuick({ image }: Case, index: number): boolean {
  return index % 7 === 0 && image.width * image.height <= QUICK_PIXELS;
}

/** What each group varies, for people. */
export const GROUP_TITLES: Readonly<Record<string, string>> = {
  border: 'sizes at every boundary, in every border mode',
  alpha: 'alpha modes, border modes, passes',
  kind: 'images made to be hard',
  memory: 'odd offsets and long rows',
  overlap: 'output over input',
  seam: 'seams of strips and tiles',
  large: 'the hard images, larger',
  random: 'everything at once',
  endless: 'everything at once, without end',
  fixture: 'fixture images',
};

/** The order of groups and cases is part of what `quick` selects. */
function listAllCases(seed: number, fixtures: Fixtures): Case[] {
  return [
    ...sizeCases(seed),
    ...operationCases(seed),
    ...kindCases(seed),
    ...memoryCases(seed),
    ...overlapCases(seed),
    ...seamCases(seed),
    ...largeCases(seed),
    ...randomCases(seed),
    ...fixtureCases(fixtures),
  ];
}

/** Wider than a vector and odd in both directions. */
const CONTROL = { kind: 'noise', width: 33, height: 17, channels: 4, ...DEFAULT_OPERATION, place: placeApart } as const;

type Variation = Partial<ImageShape & Operation> & {
  readonly kind?: ImageKind;
  readonly place?: (shape: ImageShape) => Placement;
  readonly seed: number;
};

function vary(id: string, variation: Variation): Case {
  const { kind, width, height, channels, alpha, border, passes, place, seed } = { ...CONTROL, ...variation };
  const image = { kind, width, height, channels, seed };
  return { id, group: groupOf(id), image, operation: { alpha, border, passes }, ...place(image) };
}

const groupOf = (id: string) => id.slice(0, id.indexOf('/'));

/** One object for every combination of one value from each axis; the last axis varies fastest. */
function combine<Axes extends Record<string, readonly unknown[]>>(axes: Axes) {
  let combinations: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    combinations = combinations.flatMap((combination) => values.map((value) => ({ ...combination, [name]: value })));
  }
  return combinations as { [Name in keyof Axes]: Axes[Name][number] }[];
}

const CHANNELS = [3, 4] as const;
const colourName = (channels: 3 | 4) => (channels === 4 ? 'rgba' : 'rgb');

/** Vector widths of 4, 8, 16 and 32, workgroups of 64 and 256, tiles of 256, 512 and 1024; and one less and one more. */
const EDGES = [8, 16, 32, 64, 128, 256, 512, 1024, 2048].flatMap((edge) => [edge - 1, edge, edge + 1]);
const SMALL = [1, 2, 3, 4, 5];
const SIZES = [
  ...combine({ width: SMALL, height: SMALL }),
  ...combine({ width: EDGES, height: [1, 7] }),
  ...combine({ width: [1, 3], height: EDGES }),
];

function sizeCases(seed: number): Case[] {
  return combine({ border: BORDER_MODES, channels: CHANNELS, size: SIZES }).map(({ border, channels, size }) =>
    vary(`border/${border}/${colourName(channels)}/${size.width}x${size.height}`, { border, channels, ...size, seed }),
  );
}

function operationCases(seed: number): Case[] {
  const axes = { alpha: ALPHA_MODES, border: BORDER_MODES, channels: CHANNELS, passes: [1, 2, 3, 4, 17] };
  return combine(axes).map(({ channels, ...operation }) =>
    vary(`alpha/${operation.alpha}/${operation.border}/${colourName(channels)}/passes-${operation.passes}`, {
      channels,
      ...operation,
      seed,
    }),
  );
}

const PIXEL_FORMATS = [
  { format: 'rgb', channels: 3, alpha: 'opaque' },
  { format: 'rgba-opaque', channels: 4, alpha: 'opaque' },
  { format: 'rgba-channel', channels: 4, alpha: 'channel' },
  { format: 'rgba-keep', channels: 4, alpha: 'keep' },
] as const;

function kindCases(seed: number): Case[] {
  const axes = { kind: IMAGE_KINDS, pixels: PIXEL_FORMATS, border: BORDER_MODES };
  return combine(axes).map(({ kind, pixels: { format, ...pixels }, border }) =>
    vary(`kind/${kind}/${format}/${border}`, { kind, ...pixels, border, width: 97, height: 65, seed }),
  );
}

function largeCases(seed: number): Case[] {
  return combine({ kind: IMAGE_KINDS, pixels: PIXEL_FORMATS }).map(({ kind, pixels: { format, ...pixels } }) =>
    vary(`large/${kind}/${format}`, { kind, ...pixels, width: 261, height: 195, seed }),
  );
}

function memoryCases(seed: number): Case[] {
  const bytes = [1, 2, 3, 4, 5, 7, 8, 13, 64, 251];
  const axes = { slack: ['offset', 'padding'], side: ['input', 'output', 'both'], bytes, channels: CHANNELS } as const;
  return combine(axes).map(({ slack, side, bytes, channels }) => {
    const loose = { [slack]: bytes };
    const place = (shape: ImageShape) =>
      placeApart(shape, side === 'output' ? {} : loose, side === 'input' ? {} : loose);
    return vary(`memory/${slack}/${side}/${colourName(channels)}/${bytes}`, { channels, place, seed });
  });
}

function overlapCases(seed: number): Case[] {
  const overlaps = Object.keys(OVERLAPS) as (keyof typeof OVERLAPS)[];
  const axes = { overlap: overlaps, border: BORDER_MODES, channels: CHANNELS, passes: [1, 2] };
  return combine(axes).map(({ overlap, border, channels, passes }) =>
    vary(`overlap/${overlap}/${border}/${colourName(channels)}/passes-${passes}`, {
      border,
      channels,
      passes,
      place: OVERLAPS[overlap],
      seed,
    }),
  );
}

/** For strips, tiles, and more rows or workgroups than the 65535 that one dispatch allows in one direction. */
const SEAM_SIZES = [
  { width: 3, height: 65_537 },
  { width: 65_537, height: 3 },
  { width: 5, height: 8_209 },
  { width: 257, height: 1_031 },
  { width: 1_031, height: 257 },
];

function seamCases(seed: number): Case[] {
  return combine({ border: BORDER_MODES, channels: CHANNELS, size: SEAM_SIZES }).map(({ border, channels, size }) =>
    vary(`seam/${border}/${colourName(channels)}/${size.width}x${size.height}`, {
      kind: 'photograph',
      border,
      channels,
      ...size,
      seed,
    }),
  );
}

const RANDOM_CASES = 400;

function randomCases(seed: number): Case[] {
  return Array.from({ length: RANDOM_CASES }, (_, index) => {
    const random = new Random(seed * RANDOM_CASES + index);
    return randomCase(`random/${String(index).padStart(3, '0')}`, random, {
      side: () => random.between(1, 90),
      passes: () => random.between(1, 3),
    });
  });
}

function randomCase(id: string, random: Random, draw: Readonly<Record<'side' | 'passes', () => number>>): Case {
  const slack = () => ({ offset: random.below(20), padding: random.below(20) });
  const apart = (shape: ImageShape) => placeApart(shape, slack(), slack());
  return vary(id, {
    kind: random.pick(IMAGE_KINDS),
    width: draw.side(),
    height: draw.side(),
    channels: random.pick(CHANNELS),
    alpha: random.pick(ALPHA_MODES),
    border: random.pick(BORDER_MODES),
    passes: draw.passes(),
    place: random.pick([apart, apart, ...Object.values(OVERLAPS)]),
    seed: random.next(),
  });
}

/**
 * A case of the endless run, `endless/NUMBER`: seed and number decide it. Most are small, as the details are at the edges;
 * most bytes are in large ones.
 *
 * @param number from 0 to 2^53 - 1; those that are equal modulo 2^32 have the same images
 */
export function endlessCase(seed: number, number: number): Case {
  // An odd factor: another number gives another seed.
  const random = new Random(new Random(seed).next() ^ Math.imul(number, 0x9e3779b1));
  return randomCase(`${ENDLESS_PREFIX}${number}`, random, {
    side: () => random.between(1, random.pick(ENDLESS_SIDES)),
    passes: () => random.pick(ENDLESS_PASSES),
  });
}

const ENDLESS_PREFIX = 'endless/';
const ENDLESS_SIDES = [8, 64, 512, 1024];
/** Mostly 1: only the last one is compared. */
const ENDLESS_PASSES = [1, 1, 1, 1, 1, 1, 2, 3];

function fixtureCases(fixtures: Fixtures): Case[] {
  const axes = { fixture: [...fixtures], alpha: ALPHA_MODES, border: BORDER_MODES };
  return combine(axes).map(({ fixture: [name, { width, height, channels }], alpha, border }) => {
    const id = `fixture/${name}/${alpha}/${border}`;
    const image = { fixture: name, width, height, channels };
    return { id, group: groupOf(id), image, operation: { alpha, border, passes: 1 }, ...placeApart(image) };
  });
}
