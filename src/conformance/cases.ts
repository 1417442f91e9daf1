/** What is compared: cases as data, chosen by their ids. An id says what was varied and stays what it is. */
import type { Raster } from '../image.js';
import type { Operation } from '../options.js';
import { listGroups } from './case-groups.js';
import type { ImageKind } from './images.js';
import type { Placement, Size } from './placements.js';

/** Where a case's input comes from: a generator, or a fixture that the caller brings along. */
export type ImageSource = Size &
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
  /** What is done to it. */
  readonly operation: Operation;
}

/** Decoded fixtures by name, which becomes part of the ids of their cases. */
export type Fixtures = ReadonlyMap<string, Raster>;

/** Which cases to run; all where nothing is given. */
export interface CaseSelection {
  /** Every seventh case, large ones left out: default false. */
  readonly quick?: boolean;
  /** Only cases whose id contains this text, in which `*` stands for any text. */
  readonly filter?: string;
  /** Only the case of exactly this id. */
  readonly id?: string;
  /** Of all generated images, 0 to 2^32 - 1: default {@link DEFAULT_SEED}. */
  readonly seed?: number;
  /** Default: none. */
  readonly fixtures?: Fixtures;
}

/** Of runs that are given none. */
export const DEFAULT_SEED = 1;

/** The cases of a selection, in a fixed order; an empty list where the filter matches none. */
export function listCases(selection: CaseSelection = {}): Case[] {
  const { quick = false, filter = '', id: onlyId, seed = DEFAULT_SEED, fixtures = new Map() } = selection;
  const pattern = new RegExp(filter.split('*').map(escapePattern).join('.*'));
  return listGroups(seed, fixtures).filter((item, index) => {
    if (quick && !isQuick(item, index)) return false;
    return pattern.test(item.id) && (onlyId === undefined || item.id === onlyId);
  });
}

const QUICK_PIXELS = 10_000;

/** Seven shares no factor with the numbers of borders, alphas and channels, so a seventh of the cases meets them all. */
function isQuick({ image }: Case, index: number): boolean {
  return index % 7 === 0 && image.width * image.height <= QUICK_PIXELS;
}

function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
