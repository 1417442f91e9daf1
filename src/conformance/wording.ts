/** Words, numbers and markup as all reports write them. */
import { commandText } from '../command-text.js';
import { type CaseSelection, DEFAULT_SEED } from './cases.js';
import type { Failure } from './report.js';

const CHANNEL_NAMES = ['red', 'green', 'blue', 'alpha'];

/** `1,234,567` */
export function countText(count: number): string {
  return count.toLocaleString('en-GB');
}

/** `1 case`, `2 cases` */
export function pluralText(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** `850 ms`, `12.3 s`, `2 min 5 s` */
export function durationText(elapsedMs: number): string {
  if (elapsedMs < 999.5) return `${Math.round(elapsedMs)} ms`;
  if (elapsedMs < 99_950) return `${(elapsedMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(elapsedMs / 1000);
  return `${Math.trunc(seconds / 60)} min ${seconds % 60} s`;
}

/** `neighbor-product conformance --quick`: runs the cases of a selection. The command has fixtures of its own. */
export function commandFor({ quick, filter, id, seed = DEFAULT_SEED }: CaseSelection): string {
  const words = ['conformance'];
  if (quick) words.push('--quick');
  const pattern = id ?? filter;
  if (pattern) words.push('--filter', pattern);
  if (seed !== DEFAULT_SEED) words.push('--seed', String(seed));
  return commandText(words);
}

/** Explains `exact pixels`, once in each report that counts them. */
export const EXACT_PIXELS_TEXT =
  'Exact pixels were computed in binary64, because single precision left them undecided.';

/** The error or the mismatch in words, without the case's id. */
export function failureText(failure: Failure): string {
  if ('error' in failure) return `The backend threw: ${failure.error}`;
  const { expected, actual, differingBytes } = failure.mismatch;
  const count = `${pluralText(differingBytes, 'byte')} of the case ${differingBytes === 1 ? 'differs' : 'differ'}`;
  return `${placeText(failure)}: expected ${expected}, actual ${actual}. ${count}.`;
}

function placeText({ mismatch: { place, pixel, byteIndex } }: Extract<Failure, { mismatch: unknown }>): string {
  if (!pixel) {
    const owner = place === 'input' ? 'the input, which must stay as it is' : 'the memory around the output';
    return `Byte ${byteIndex} of ${owner}`;
  }
  const where = `x ${pixel.x}, y ${pixel.y}, ${CHANNEL_NAMES[pixel.channel]}`;
  return place === 'skipped border' ? `Border pixel that must not be written, ${where}` : `Pixel ${where}`;
}

/** Escapes text for HTML and XML, in content and quoted attributes; control characters that XML forbids become `?`. */
export function escapeMarkup(text: string): string {
  return text.replace(/[^\P{Cc}\t\n\r]/gu, '?').replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
