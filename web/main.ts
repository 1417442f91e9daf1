/** The page: settings, picture and product, and what is drawn when one of them changes. */

import pizza from '../fixtures/watermelon-pizza.png';
import { pageBackends } from '../src/browser.js';
import type { CheckedImage } from '../src/image.js';
import { ALPHA_MODES, MAX_PASSES, type Operation } from '../src/options.js';
import { BORDER_MODES, type Place } from '../src/regions.js';
import { connect } from './calls.js';
import { compute, type Engine, encode, type Product } from './compute.js';
import { conformancePanel } from './conformance-panel.js';
import { differencePanel } from './difference-panel.js';
import { save } from './download.js';
import { byId, element } from './element.js';
import { makeLevels } from './levels.js';
import { drawSteps, stepsOf } from './pixel.js';
import { AUTO, addressOf, BACKEND_CHOICES, type Settings, settingsOf } from './settings.js';
import { capitalised, countText, durationText, numberText, sizeText } from './text.js';
import { View } from './view.js';
import type { MissingBackend, WorkerFunctions } from './worker.js';

declare const PACKAGE_VERSION: string;

const startWorker = () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
const engine: Engine = connect<WorkerFunctions>(startWorker());

let settings: Settings = settingsOf(location.search);
let picture: { readonly name: string; readonly image: CheckedImage; readonly note?: string | undefined } | undefined;
/** Of the picture; while another one is computed, still the one before. */
let product: (Product & { readonly operation: Operation }) | undefined;
/** Ends the reading or the transform that is under way. */
let running = new AbortController();

const figure = byId('figure');
const split = byId<HTMLInputElement>('split');
const progress = byId<HTMLProgressElement>('progress');
const download = byId<HTMLButtonElement>('download');
const view = new View(figure, {
  onPick: (pixel) => choosePixel(pixel),
  onZoom(zoom) {
    change({ zoom });
    showZoom();
  },
});

function titleOf(backend: string): string {
  const title = pageBackends.find(({ name }) => name === backend)?.title ?? backend;
  return capitalised(title.replace(/ kernel$/, ''));
}

/** Changes settings, and the address with them. */
function change(changed: Partial<Settings>): void {
  settings = { ...settings, ...changed };
  addressTimer ??= setTimeout(writeAddress, ADDRESS_MS);
}

/** Browsers refuse more than a hundred changes of the address in thirty seconds, which a slider makes. */
const ADDRESS_MS = 400;
let addressTimer: ReturnType<typeof setTimeout> | undefined;

function writeAddress(): void {
  clearTimeout(addressTimer);
  addressTimer = undefined;
  history.replaceState(null, '', `${location.pathname}${addressOf(settings)}`);
}

addEventListener('pagehide', writeAddress);

// Settings

const CHOICE_HINTS: Readonly<Record<string, string>> = {
  skip: 'leave the outermost pixels',
  replicate: 'repeat the edge',
  reflect: 'mirror the picture',
  wrap: 'tile the picture',
  opaque: 'set to 255',
  channel: 'a channel like the others',
  keep: 'copied',
};

function addChoices(name: 'backend' | 'border' | 'alpha', choices: readonly string[]): void {
  const labels = choices.map((choice) => {
    const input = element('input', { type: 'radio', name, value: choice });
    input.checked = settings[name] === choice;
    input.addEventListener('change', () => {
      change({ [name]: choice });
      void transformPicture();
    });
    const text = name === 'backend' ? titleOf(choice) : capitalised(choice);
    const hint = CHOICE_HINTS[choice];
    return element('label', hint ? { title: capitalised(hint) } : {}, input, element('span', {}, text));
  });
  byId(name).append(...labels);
}

addChoices('backend', BACKEND_CHOICES);
addChoices('border', BORDER_MODES);
addChoices('alpha', ALPHA_MODES);

const passes = byId<HTMLInputElement>('passes');
passes.max = String(MAX_PASSES);
passes.value = String(settings.passes);
passes.addEventListener('change', () => {
  const wanted = Math.round(Number(passes.value) || 1);
  change({ passes: Math.max(1, Math.min(MAX_PASSES, wanted)) });
  passes.value = String(settings.passes);
  void transformPicture();
});
byId('settings').addEventListener('submit', (event) => event.preventDefault());

// The picture

split.value = String(settings.split * 1000);
const showSplit = () => figure.style.setProperty('--split', String(settings.split));
split.addEventListener('input', () => {
  change({ split: Number(split.value) / 1000 });
  showSplit();
});
showSplit();

byId('zoom-in').addEventListener('click', () => view.zoomBy(1));
byId('zoom-out').addEventListener('click', () => view.zoomBy(-1));
byId('zoom-fit').addEventListener('click', () => view.zoomBy(0));

function showZoom(): void {
  byId('zoom').textContent = settings.zoom === undefined ? 'fit' : `${numberText(settings.zoom * 100)} %`;
}

async function openFile(file: Blob, name: string): Promise<void> {
  const work = beginWork('Reading');
  byId('picture').textContent = `Reading ${name} …`;
  try {
    const { image, note } = await engine.call('decode', file, { signal: work.signal });
    if (!work.signal.aborted) await showPicture({ image, note, name });
  } catch (error) {
    if (work.signal.aborted) return;
    work.end();
    showName();
    // Its transform was stopped by the reading.
    if (product === undefined) await transformPicture();
    showError(`${name} cannot be opened. ${(error as Error).message}`);
  }
}

/** Shows that the page is at work, until another work begins or this one ends. */
function beginWork(title: string): { readonly signal: AbortSignal; readonly end: () => void } {
  running.abort();
  const controller = new AbortController();
  running = controller;
  const { signal } = controller;
  byId('error').hidden = true;
  download.disabled = true;
  figure.setAttribute('aria-busy', 'true');
  progress.removeAttribute('value');
  // Most is done before it would be seen.
  const showing = setTimeout(() => {
    progress.hidden = false;
    byId('result').replaceChildren(element('p', { class: 'quiet' }, `${title} …`));
  }, 200);
  signal.addEventListener('abort', () => clearTimeout(showing));
  const end = () => {
    clearTimeout(showing);
    if (signal.aborted) return;
    progress.hidden = true;
    download.disabled = product === undefined;
    figure.removeAttribute('aria-busy');
    if (product !== undefined) showResult(product);
  };
  return { signal, end };
}

async function showPicture(opened: NonNullable<typeof picture>): Promise<void> {
  const isFirst = picture === undefined;
  picture = opened;
  product = undefined;
  const { width, height } = opened.image;
  const pixel = isFirst && settings.pixel && isInside(settings.pixel, opened.image) ? settings.pixel : undefined;
  change({ pixel, zoom: isFirst ? settings.zoom : undefined });
  showName();
  showZoom();
  for (const [axis, length] of [
    ['x', width],
    ['y', height],
  ] as const) {
    byId<HTMLInputElement>(`pixel-${axis}`).max = String(length - 1);
  }
  showPlace(chosenPixel());
  view.showBefore(await makeLevels(opened.image), settings.zoom, chosenPixel());
  await transformPicture();
}

function isInside({ x, y }: Place, { width, height }: CheckedImage): boolean {
  return x < width && y < height;
}

function showName(): void {
  if (picture === undefined) return;
  const { name, image, note = '' } = picture;
  byId('picture').replaceChildren(element('b', {}, name), ` ${sizeText(image)}. ${note}`);
}

function showError(text: string): void {
  const error = byId('error');
  error.textContent = text;
  error.hidden = false;
}

byId<HTMLInputElement>('file').addEventListener('change', (event) => {
  const input = event.target as HTMLInputElement;
  const [file] = input.files ?? [];
  if (file) void openFile(file, file.name);
  input.value = ''; // the same file can be chosen again
});

let dragged = 0;
addEventListener('dragenter', (event) => {
  event.preventDefault();
  dragged++;
  byId('drop').hidden = false;
});
addEventListener('dragleave', () => {
  dragged--;
  if (dragged <= 0) byId('drop').hidden = true;
});
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  dragged = 0;
  byId('drop').hidden = true;
  if (!openFirst(event.dataTransfer)) showError('That is no file. Save the picture first, then drop the file.');
});
addEventListener('paste', (event) => openFirst(event.clipboardData));

/** @returns whether there is a file */
function openFirst(given: DataTransfer | null): boolean {
  const [file] = given?.files ?? [];
  if (file) void openFile(file, file.name);
  return file !== undefined;
}

// The product

async function transformPicture(): Promise<void> {
  if (picture === undefined) return;
  const { image } = picture;
  const { signal, end } = beginWork('Transforming');
  const onProgress = (done: number) => {
    progress.value = done;
  };
  try {
    const wanted = operation();
    const backend = settings.backend as never;
    const done = await compute(engine, image, { ...wanted, backend }, { signal, onProgress });
    const levels = await makeLevels(done.image);
    if (signal.aborted) return;
    product = { ...done, operation: wanted };
    view.showAfter(levels);
    void showPixel();
  } catch (error) {
    if (signal.aborted) return;
    product = undefined;
    byId('result').replaceChildren(element('p', { class: 'error' }, (error as Error).message));
  } finally {
    end();
  }
}

function operation(): Operation {
  const { alpha, border, passes } = settings;
  return { alpha, border, passes };
}

function showResult(shown: NonNullable<typeof product>): void {
  const { image, backend, device, reason, fault, exactPixels, elapsedMs } = shown;
  const megapixels = (image.width * image.height * shown.operation.passes) / 1e6;
  const speed = numberText((megapixels / elapsedMs) * 1000);
  // "only SwiftShader answers" says nothing new.
  const isNews = settings.backend === AUTO && !reason.includes(device);
  const parts = [
    element('p', { class: 'time' }, durationText(elapsedMs)),
    element('p', {}, `${speed} megapixels a second`),
    element('p', { class: 'quiet' }, element('b', {}, titleOf(backend)), ` on ${device}`),
    element(
      'p',
      { class: 'quiet' },
      `${countText(exactPixels)} pixel${exactPixels === 1 ? '' : 's'} computed in binary64`,
    ),
  ];
  if (isNews) parts.splice(3, 0, element('p', { class: 'quiet' }, `${capitalised(reason)}.`));
  if (fault !== undefined) parts.push(element('p', { class: 'fault' }, fault));
  byId('result').replaceChildren(...parts);
}

download.addEventListener('click', async () => {
  if (picture === undefined || product === undefined) return;
  download.disabled = true;
  try {
    const file = await encode(engine, product.image);
    save(file, `${picture.name.replace(/\.\w+$/, '')}-product.png`);
  } catch (error) {
    showError((error as Error).message);
  } finally {
    download.disabled = product === undefined;
  }
});

// The pixel

function chosenPixel(): Place {
  if (settings.pixel !== undefined) return settings.pixel;
  const { width, height } = picture!.image;
  return { x: Math.floor((2 * width) / 3), y: Math.floor(height / 2) };
}

function choosePixel(pixel: Place): void {
  change({ pixel });
  showPlace(pixel);
  view.choose(pixel);
  void showPixel();
}

function showPlace({ x, y }: Place): void {
  byId<HTMLInputElement>('pixel-x').value = String(x);
  byId<HTMLInputElement>('pixel-y').value = String(y);
}

/** Of several pixels that are chosen one after another only the last one is shown. */
let pixelCount = 0;

async function showPixel(): Promise<void> {
  if (picture === undefined || product === undefined) return;
  const count = ++pixelCount;
  const pixel = chosenPixel();
  const { image, operation, backend } = product;
  const steps = await stepsOf(engine, picture.image, pixel, operation, backend);
  if (count !== pixelCount) return;
  const at = 4 * (pixel.y * image.width + pixel.x);
  byId('pixel').replaceChildren(...drawSteps(steps, pixel, [...image.data.subarray(at, at + 4)], operation.passes));
}

for (const axis of ['x', 'y'] as const) {
  const input = byId<HTMLInputElement>(`pixel-${axis}`);
  input.addEventListener('change', () => {
    const most = Number(input.max);
    choosePixel({ ...chosenPixel(), [axis]: Math.max(0, Math.min(most, Math.round(Number(input.value) || 0))) });
  });
}

// The rest

differencePanel(engine, titleOf, () => picture && { image: picture.image, operation: operation() });
conformancePanel(startWorker, PACKAGE_VERSION);

/** Says why a backend is not there. */
function showMissing(missing: readonly MissingBackend[]): void {
  const sentences = missing.map(({ name, reason }) => `No ${titleOf(name)}: ${reason.replace(/\.?$/, '.')}`);
  byId('missing').textContent = sentences.join(' ');
  for (const { name } of missing) {
    byId('backend').querySelector(`[value="${name}"]`)?.parentElement?.classList.add('missing');
  }
}

async function begin(): Promise<void> {
  const response = await fetch(pizza);
  // Somebody may have been quicker with a picture.
  if (picture === undefined) await openFile(await response.blob(), 'watermelon-pizza.png');
  showMissing(await engine.call('survey', undefined as never));
}

begin().catch((error: Error) => showError(error.message));

// Without a network from the second visit on; a browser that does not want it goes on without.
if ('serviceWorker' in navigator) navigator.serviceWorker.register('./service-worker.js').catch(() => {});
