/** How to make the program say what docs/troubleshooting.md quotes: by section, in the page's order. */
import { errorText } from '../../src/cli/report.js';
import { verify } from '../../src/cli/verify.js';
import { unreadable, unwritable } from '../../src/codec/file-errors.js';
import { decodePng } from '../../src/codec/png.js';
import { createCpuBackend } from '../../src/cpu/cpu-backend.js';
import { createRaster, type Image, type Raster } from '../../src/image.js';
import { type TransformOptions, transform, transformSync } from '../../src/index.js';
import { DEFAULT_OPERATION } from '../../src/options.js';
import { Selector } from '../../src/select-backend.js';
import { PNG_FILE } from '../cli/command.js';
import { jobOf, referenceOf } from '../jobs.js';
import { GPU_MESSAGES, gpuFault } from './gpu-messages.js';
import { command, IMAGE, lastLineOf, type Said, terminal, thrown, unloadable } from './said.js';

function refused(image: object, options: object = {}): Said {
  return thrown(() => transform({ ...IMAGE, ...image } as Image, options as TransformOptions));
}

function transferred(): Promise<unknown> {
  const image = { ...IMAGE, data: new Uint8Array(48) };
  const pending = transform(image);
  structuredClone(image.data, { transfer: [image.data.buffer] });
  return pending;
}

function decodedWithoutMemory(): Raster {
  const readSamples = () => {
    throw new RangeError('Array buffer allocation failed');
  };
  return decodePng(PNG_FILE, { maxPixels: 100 }, { name: 'pngjs', settings: {}, readSamples });
}

/** What a system's error code becomes. */
function fileError(explain: (path: string, cause: unknown) => Error, name: string, code: string): Said {
  return () => explain(name, { code }).message;
}

function failingAddon(): Promise<unknown> {
  const fail = () => Promise.reject(new Error('std::bad_alloc'));
  const addon = { variants: ['portable'], hasOpenMp: true, transform: fail, transformSync: fail as never };
  const created = createCpuBackend({ addon });
  const image = createRaster(4, 3, 4);
  return 'backend' in created ? created.backend.transform(image, image, jobOf({})) : Promise.resolve();
}

function differing(): void {
  const input = createRaster(4, 3, 4);
  input.data.fill(100);
  const job = { ...DEFAULT_OPERATION, border: 'wrap' } as const;
  const received = referenceOf(input, job);
  received.data[(2 * 4 + 1) * 4] += 1;
  verify(input, received, job);
}

const syncGpu = () => transformSync(IMAGE, { backend: 'gpu' });

export const MESSAGES: Readonly<Record<string, readonly Said[]>> = {
  INVALID_IMAGE: [
    refused({ data: [1, 2, 3] }),
    refused({ data: new Uint8Array(36) }),
    refused({ rowBytes: 12 }),
    refused({ data: new Uint8Array(Reflect.construct(ArrayBuffer, [48, { maxByteLength: 96 }])) }),
    refused({}, { output: { ...IMAGE, channels: 3 } }),
    thrown(transferred),
  ],
  INVALID_OPTION: [
    refused({}, { backend: 'cuda' }),
    refused({}, { boarder: 'wrap' }),
    command('photo.png -o out.png', { env: { NEIGHBOR_PRODUCT_BACKEND: 'cuda' } }),
    command('photo.png -o out.png --bordr wrap'),
    command('--quiet'),
    command('photo.png'),
    command('photo.png second.png -o out.png'),
    command('photo.png -o photo.png'),
  ],
  INVALID_PNG: ['photo.jpg', 'empty.png', 'crlf.png', 'cut.png', 'flipped.png'].map((name) =>
    command(`${name} -o out.png`),
  ),
  TOO_MANY_PIXELS: [command('huge.png -o out.png'), thrown(decodedWithoutMemory)],
  INPUT_UNREADABLE: [
    command('missing.png -o out.png'),
    command('*.jpg -o out.png'),
    command('. -o out.png'),
    fileError(unreadable, 'secret.png', 'EACCES'),
    command('- -o out.png', { before: terminal('stdin') }),
  ],
  OUTPUT_UNWRITABLE: [
    command('photo.png -o no/such.png'),
    ...['ENOSPC', 'EACCES', 'EROFS'].map((code) => fileError(unwritable, 'out.png', code)),
  ],
  BACKEND_UNAVAILABLE: [
    thrown(() => new Selector(async () => ({ reason: 'no adapter answers' })).select('gpu')),
    thrown(syncGpu),
    command('photo.png -o out.png -q --backend cpu', { before: unloadable('neighbor_product') }),
  ],
  BACKEND_FAILED: [() => gpuFault().message, thrown(failingAddon)],
  DIFFERENCES_FOUND: [thrown(differing)],
  DEFECT: [
    () => errorText(new TypeError('x is undefined'), { isVerbose: false, isColoured: false }).split('\n')[0].slice(7),
  ],
  ...GPU_MESSAGES,
  'The slow reference ran': [
    lastLineOf('photo.png -o out.png', { before: unloadable('neighbor_product') }),
    lastLineOf('photo.png -o out.png --backend reference --verify'),
  ],
  'Standard input and output': [
    command('photo.png -o -', { before: terminal('stdout') }),
    command('photo.png -o - --json'),
  ],
};
