/** Two backends on the same picture: how many bytes differ, and where. */
import { pageBackends } from '../src/browser.js';
import type { CheckedImage } from '../src/image.js';
import type { Operation } from '../src/options.js';
import { compute, type Engine, type Product } from './compute.js';
import { compare, type Difference } from './difference.js';
import { byId, element } from './element.js';
import { countText, durationText } from './text.js';

/** What is to be transformed. */
export interface Comparable {
  readonly image: CheckedImage;
  readonly operation: Operation;
}

/** @param current gives nothing before there is a picture */
export function differencePanel(
  engine: Engine,
  titleOf: (backend: string) => string,
  current: () => Comparable | undefined,
): void {
  const selects = ['first', 'second'].map((id) => byId<HTMLSelectElement>(id));
  for (const select of selects) {
    select.append(...pageBackends.map(({ name }) => element('option', { value: name }, titleOf(name))));
  }
  selects[1].selectedIndex = pageBackends.length - 1;
  const button = byId<HTMLButtonElement>('compare');
  const result = byId('difference');

  button.addEventListener('click', async () => {
    const compared = current();
    if (compared === undefined) return;
    button.disabled = true;
    try {
      const products: Product[] = [];
      for (const { value } of selects) {
        result.replaceChildren(element('p', { class: 'quiet' }, `${titleOf(value)} is computing …`));
        products.push(await compute(engine, compared.image, { ...compared.operation, backend: value as never }));
      }
      const [a, b] = products;
      const times = products.map(({ backend, elapsedMs }) => `${titleOf(backend)} ${durationText(elapsedMs)}`);
      result.replaceChildren(...differenceElements(await compare(a.image, b.image), times.join(', ')));
    } catch (error) {
      result.replaceChildren(element('p', { class: 'error' }, (error as Error).message));
    } finally {
      button.disabled = false;
    }
  });
}

function differenceElements({ differing, bytes, first, picture }: Difference, times: string): HTMLElement[] {
  const verdict = element(
    'p',
    { class: `outcome ${differing === 0 ? 'pass' : 'fail'}` },
    element('b', {}, countText(differing)),
    element('span', {}, `of ${countText(bytes)} bytes differ`),
  );
  const canvas = element('canvas', { role: 'img', 'aria-label': 'Where the two differ: black is equal' });
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext('2d')!.putImageData(new ImageData(picture.data, picture.width, picture.height), 0, 0);
  const where = first === undefined ? 'Black: every byte is equal.' : `The first at x ${first.x}, y ${first.y}.`;
  return [verdict, element('figure', {}, canvas, element('figcaption', {}, `${where} ${times}.`))];
}
