/** What the reader has chosen, and the address that restores it. */
import { pageBackends } from '../src/browser.js';
import { ALPHA_MODES, type AlphaMode, DEFAULT_OPERATION, MAX_PASSES } from '../src/options.js';
import { BORDER_MODES, type BorderMode, type Place } from '../src/regions.js';

export const AUTO = 'auto';

/** `auto` and every backend of the browser entry. */
export const BACKEND_CHOICES: readonly string[] = [AUTO, ...pageBackends.map(({ name }) => name)];

export interface Settings {
  readonly backend: string;
  readonly alpha: AlphaMode;
  readonly border: BorderMode;
  readonly passes: number;
  /** Where before ends and after begins, 0 to 1. */
  readonly split: number;
  /** Screen pixels for a pixel of the picture; undefined: the whole picture is seen. */
  readonly zoom: number | undefined;
  /** The pixel that is explained; undefined: one right of the middle. */
  readonly pixel: Place | undefined;
}

const DEFAULT_SETTINGS: Settings = {
  ...DEFAULT_OPERATION,
  backend: AUTO,
  split: 0.5,
  zoom: undefined,
  pixel: undefined,
};

/** The settings of an address; what it lacks, or what is not valid in it, is the default. */
export function settingsOf(search: string): Settings {
  const words = new URLSearchParams(search);
  const oneOf = <T extends string>(name: string, choices: readonly T[], otherwise: T) => {
    const word = words.get(name) as T;
    return choices.includes(word) ? word : otherwise;
  };
  const number = (name: string, least: number, most: number) => {
    const value = Number(words.get(name) ?? Number.NaN);
    return value >= least && value <= most ? value : undefined;
  };
  const [, x, y] = /^(\d{1,7}),(\d{1,7})$/.exec(words.get('pixel') ?? '') ?? [];
  const passes = number('passes', 1, MAX_PASSES);
  return {
    backend: oneOf('backend', BACKEND_CHOICES, DEFAULT_SETTINGS.backend),
    alpha: oneOf('alpha', ALPHA_MODES, DEFAULT_SETTINGS.alpha),
    border: oneOf('border', BORDER_MODES, DEFAULT_SETTINGS.border),
    passes: Number.isInteger(passes) ? passes! : DEFAULT_SETTINGS.passes,
    split: number('split', 0, 1) ?? DEFAULT_SETTINGS.split,
    zoom: number('zoom', 1e-3, MAX_ZOOM),
    pixel: x === undefined ? undefined : { x: Number(x), y: Number(y) },
  };
}

/** Screen pixels for a pixel of the picture, at most. */
export const MAX_ZOOM = 64;

/** The part of an address behind the question mark, with it: only what is not the default; empty if nothing is. */
export function addressOf(settings: Settings): string {
  const { pixel, split, zoom, ...plain } = settings;
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(plain)) {
    if (value !== DEFAULT_SETTINGS[name as keyof Settings]) words.set(name, String(value));
  }
  if (split !== DEFAULT_SETTINGS.split) words.set('split', split.toFixed(3));
  if (zoom !== undefined) words.set('zoom', String(Number(zoom.toPrecision(4))));
  const text = words.toString();
  const place = pixel === undefined ? '' : `pixel=${pixel.x},${pixel.y}`;
  const all = [text, place].filter(Boolean).join('&');
  return all === '' ? '' : `?${all}`;
}
