/** One pixel, computed before the reader's eyes: the nine neighbours, the product vector, its norm, the bytes. */
import { explainPixel, type PixelSteps } from '../src/browser.js';
import { type CheckedImage, createImage } from '../src/image.js';
import type { Operation } from '../src/options.js';
import { needsOtherEdge, type Place } from '../src/regions.js';
import type { Engine } from './compute.js';
import { element } from './element.js';

/**
 * The steps of the last pass; of several passes, those before are computed around the pixel only.
 *
 * @param backend one that is open
 */
export async function stepsOf(
  engine: Engine,
  image: CheckedImage,
  pixel: Place,
  { alpha, border, passes }: Operation,
  backend: string,
): Promise<PixelSteps | undefined> {
  if (passes === 1) return explainPixel(image, pixel, { alpha, border });
  const { crop, place } = surroundings(image, pixel, passes, needsOtherEdge(border));
  const settings = { alpha, border, passes: passes - 1, backend: backend as never };
  const before = await engine.call('transform', { image: crop, ...settings });
  return explainPixel(before.image, place, { alpha, border });
}

/**
 * As many pixels on every side as there are passes: what false edges spoil does not reach the neighbours. Real edges stay
 * edges, except where the other side follows.
 */
function surroundings(image: CheckedImage, { x, y }: Place, reach: number, isCyclic: boolean) {
  const [columns, place_x] = placesAround(x, reach, image.width, isCyclic);
  const [rows, place_y] = placesAround(y, reach, image.height, isCyclic);
  const crop = createImage(columns.length, rows.length, 4);
  const [from, to] = [image, crop].map(({ data }) => new Uint32Array(data.buffer, data.byteOffset));
  rows.forEach((row, at) => {
    for (let k = 0; k < columns.length; k++) to[at * columns.length + k] = from[row * image.width + columns[k]];
  });
  return { crop, place: { x: place_x, y: place_y } };
}

function placesAround(at: number, reach: number, length: number, isCyclic: boolean): [places: number[], at: number] {
  const first = isCyclic ? at - reach : Math.max(0, at - reach);
  const end = isCyclic ? at + reach + 1 : Math.min(length, at + reach + 1);
  const wrapped = (place: number) => ((place % length) + length) % length;
  return [Array.from({ length: end - first }, (_, k) => wrapped(first + k)), at - first];
}

const CHANNELS = ['R', 'G', 'B', 'A'];

/** The steps as a page shows them. @param actual the samples that the backend wrote */
export function drawSteps(
  steps: PixelSteps | undefined,
  { x, y }: Place,
  actual: readonly number[],
  passes: number,
): HTMLElement[] {
  if (steps === undefined) {
    return [
      element(
        'p',
        { class: 'quiet' },
        `x ${x}, y ${y}: the border mode skip leaves the outermost pixels alone, 0 in a new picture.`,
      ),
    ];
  }
  const { neighbours, product, norm, samples } = steps;
  const grid = element('div', { class: 'neighbours', role: 'img', 'aria-label': describe(neighbours) });
  neighbours.forEach((neighbour, at) => {
    const cell = element('div', { class: at === 4 ? 'cell here' : 'cell', 'aria-hidden': 'true' });
    const [red, green, blue] = neighbour.samples;
    cell.style.backgroundColor = `rgb(${red} ${green} ${blue})`;
    cell.classList.toggle('light', 0.3 * red + 0.59 * green + 0.11 * blue > 140);
    cell.append(...neighbour.samples.slice(0, product.length).map((sample) => element('span', {}, String(sample))));
    grid.append(cell);
  });
  const before = passes > 1 ? `after ${passes - 1} ${passes === 2 ? 'pass' : 'passes'}` : 'in the picture';
  const caption = element('figcaption', {}, `x ${x}, y ${y}, and its eight neighbours ${before}`);
  const figure = element('figure', {}, grid, caption);
  return [figure, sums(neighbours, product, norm, samples), outcome(samples, actual)];
}

function describe(neighbours: PixelSteps['neighbours']): string {
  return `Nine pixels, row by row: ${neighbours.map(({ samples }) => samples.slice(0, 3).join(' ')).join('; ')}`;
}

function sums(
  neighbours: PixelSteps['neighbours'],
  product: readonly number[],
  norm: number,
  samples: readonly number[],
): HTMLElement {
  const steps = element('ol', { class: 'steps' });
  const first = element('li', {}, element('h3', {}, 'Multiply the nine samples of each channel, each divided by 255'));
  for (const [c, one] of product.entries()) {
    const factors = neighbours.map((neighbour) => neighbour.samples[c]).join(' × ');
    first.append(
      line(c, element('span', { class: 'factors' }, `${factors} ÷ 255`, raised(9)), equals(...scientific(one))),
    );
  }
  const squares = product.flatMap((_, c) => [c === 0 ? '√(' : ' + ', CHANNELS[c], raised(2)]);
  const second = element('li', {}, element('h3', {}, 'Take the length of that vector'));
  second.append(
    element(
      'p',
      { class: 'sum' },
      element('b', {}, 'd'),
      element('span', { class: 'factors' }, ...squares, ')'),
      equals(...scientific(norm)),
    ),
  );
  const third = element('li', {}, element('h3', {}, 'Divide by it, multiply by 255, cut off the fraction'));
  for (const [c, one] of product.entries()) {
    const value = norm === 0 ? 0 : Math.min(one / norm, 1) * 255;
    const text =
      norm === 0
        ? '0, since the vector is 0'
        : `${CHANNELS[c]} ÷ d × 255 = ${(Math.trunc(value * 1000) / 1000).toFixed(3)}`;
    third.append(
      line(c, element('span', { class: 'factors' }, text), element('b', { class: 'byte' }, String(samples[c]))),
    );
  }
  steps.append(first, second, third);
  return steps;
}

function line(c: number, ...rest: HTMLElement[]): HTMLElement {
  return element('p', { class: `sum channel-${CHANNELS[c].toLowerCase()}` }, element('b', {}, CHANNELS[c]), ...rest);
}

function equals(...text: (Node | string)[]): HTMLElement {
  return element('span', { class: 'equals' }, '= ', ...text);
}

/** Not every font has the characters for it. */
function raised(exponent: number): HTMLElement {
  return element('sup', {}, String(exponent).replace('-', '−'));
}

/** A number with five digits that count, as a power of ten where it is small. */
function scientific(value: number): (Node | string)[] {
  const [digits, exponent] = value.toExponential(4).split('e');
  if (value === 0 || Number(exponent) > -3) return [value === 0 ? '0' : value.toPrecision(5)];
  return [`${digits} × 10`, raised(Number(exponent))];
}

function outcome(samples: readonly number[], actual: readonly number[]): HTMLElement {
  const isEqual = samples.every((sample, c) => sample === actual[c]);
  const swatch = element('span', { class: 'swatch', 'aria-hidden': 'true' });
  swatch.style.backgroundColor = `rgb(${actual.slice(0, 3).join(' ')})`;
  const verdict = isEqual
    ? 'The backend wrote the same bytes.'
    : `The definition gives ${samples.join(' ')}: they differ.`;
  return element(
    'p',
    { class: `outcome ${isEqual ? 'pass' : 'fail'}` },
    swatch,
    element('b', { class: 'bytes' }, actual.join(' ')),
    element('span', {}, verdict),
  );
}
