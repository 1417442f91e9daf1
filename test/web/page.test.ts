/** What people do with the page, in a real browser; every picture that comes out is compared with Node's, byte by byte. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transformSync } from 'neighbor-product';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { chunkBytes, PNG_SIGNATURE } from '../../src/formats/png/chunks.js';
import { decodePng, decodePngSync } from '../../src/formats/png/decode.js';
import { encodePng } from '../../src/formats/png/encode.js';
import type { CheckedImage } from '../../src/image.js';
import { ALPHA_MODES, type Operation } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';
import { firstDifference, referenceOf } from '../transforms.js';
import {
  describeInBrowser,
  download,
  openPage,
  productDone,
  recordTasks,
  type StaticServer,
  serveBuiltPage,
  startBrowser,
} from './browser.js';

const PIZZA = 'fixtures/watermelon-pizza.png';
const SMALL = 'fixtures/photograph-128x96.png';

function decode(file: string): CheckedImage {
  return decodePngSync(readFileSync(file), { maxPixels: 1e8 });
}

/** Compares what the page made with what the reference makes. */
async function expectProduct(page: Page, file: string, operation: Partial<Operation> = {}): Promise<void> {
  await productDone(page);
  const actual = await download(page);
  const input = decode(file);
  expect([actual.width, actual.height]).toEqual([input.width, input.height]);
  const image = { ...actual, channels: 4, rowBytes: 4 * actual.width } as const;
  expect(firstDifference(referenceOf(input, operation), image)).toBeUndefined();
}

async function choose(page: Page, file: string): Promise<void> {
  await productDone(page);
  await page.setInputFiles('#file', file);
  await page.waitForSelector(`#picture b:has-text("${file.split('/').at(-1)}")`);
  await productDone(page);
}

/** Starts without waiting for a GPU. */
const QUICK = '?backend=reference';

/** The part behind the question mark, which follows the settings a little later. */
async function searchOf(page: Page): Promise<string> {
  await page.waitForTimeout(450);
  return new URL(page.url()).search;
}

const textOf = (page: Page, selector: string) => page.locator(selector).innerText();

let server: StaticServer;
beforeAll(async () => {
  server = await serveBuiltPage();
});

describeInBrowser('pictures', () => {
  test('the pizza is there at the start', async () => {
    const { page, complaints } = await openPage(server.url);
    await expectProduct(page, PIZZA);
    expect((await download(page)).name).toBe('watermelon-pizza-product.png');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('a file that is chosen: transparent, of 16 bits, interlaced, with a palette', async () => {
    const { page } = await openPage(server.url + QUICK);
    const valid = 'fixtures/png/valid/';
    const names = [
      'rgba-8',
      'rgb-16-interlaced-key',
      'palette-2-alpha',
      'grey-1-interlaced-9x9',
      'bytes-after-zlib-stream',
    ];
    for (const name of names) {
      await choose(page, `${valid}${name}.png`);
      await expectProduct(page, `${valid}${name}.png`);
    }
    await page.context().close();
  });

  test.each(['drop', 'paste'])('a file that comes by %s', async (name) => {
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    await page.evaluate(
      ([kind, base64]) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'given.png', { type: 'image/png' }));
        const event =
          kind === 'drop'
            ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent('paste', { clipboardData: data, bubbles: true });
        document.body.dispatchEvent(event);
      },
      [name, readFileSync(SMALL).toString('base64')],
    );
    await page.waitForSelector('#picture b:has-text("given.png")');
    await expectProduct(page, SMALL);
    await page.context().close();
  });

  test('a JPEG, as the browser decodes it', async () => {
    const { page } = await openPage(server.url + QUICK);
    await choose(page, 'fixtures/formats/baseline-420.jpg');
    expect(await textOf(page, '#pixel .outcome')).toContain('The backend wrote the same bytes.');
    await page.context().close();
  });

  test('what is no picture, or a damaged one, is refused with a sentence, and the picture before stays', async () => {
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    const damaged = 'fixtures/png/damaged/';
    for (const [file, sentence] of [
      ['LICENSE', /^LICENSE cannot be opened\. This browser cannot read the file as a picture\. Choose a PNG/],
      [`${damaged}idat-crc-wrong.png`, /cannot be opened\. The PNG is damaged: the CRC of the IDAT chunk/],
      [`${damaged}zlib-cut.png`, /cannot be opened\. The PNG (is damaged|was cut short)/],
      [`${damaged}too-many-pixels.png`, /The image has 60000x60000 pixels, more than 2147483647 bytes/],
    ] as const) {
      await page.setInputFiles('#file', file);
      await page.waitForSelector(`#error:not([hidden]):has-text("${path.basename(file)}")`);
      expect(await textOf(page, '#error')).toMatch(sentence);
      expect(await textOf(page, '#picture')).toContain('watermelon-pizza.png');
      await expectProduct(page, PIZZA);
    }
    await page.context().close();
  });
});

describeInBrowser('a picture that is too large', () => {
  test('is refused with its numbers, before memory is allocated', async () => {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(20_000, 0);
    header.writeUInt32BE(10_000, 4);
    header.set([8, 6, 0, 0, 0], 8);
    const chunks = [
      ...chunkBytes('IHDR', header),
      ...chunkBytes('IDAT', new Uint8Array(9)),
      ...chunkBytes('IEND', new Uint8Array()),
    ];
    const buffer = Buffer.concat([PNG_SIGNATURE, ...chunks]);
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    await page.setInputFiles('#file', { name: 'huge.png', mimeType: 'image/png', buffer });
    await page.waitForSelector('#error:not([hidden])');
    expect(await textOf(page, '#error')).toBe(
      'huge.png cannot be opened. The picture has 20000 × 10000 pixels, 200 megapixels, for which this page would need ' +
        '2.0 GiB of memory. It takes up to 134 megapixels; the command takes any size.',
    );
    await page.context().close();
  });
});

describeInBrowser('settings', () => {
  test('every border and alpha mode, and two passes', async () => {
    const { page } = await openPage(server.url + QUICK);
    await choose(page, 'fixtures/png/valid/rgba-8.png');
    for (const border of BORDER_MODES) {
      await page.check(`[name=border][value=${border}]`, { force: true });
      await expectProduct(page, 'fixtures/png/valid/rgba-8.png', { border });
    }
    for (const alpha of ALPHA_MODES) {
      await page.check(`[name=alpha][value=${alpha}]`, { force: true });
      await expectProduct(page, 'fixtures/png/valid/rgba-8.png', { border: 'wrap', alpha });
    }
    await page.fill('#passes', '2');
    await page.press('#passes', 'Enter');
    await page.locator('#passes').blur();
    await expectProduct(page, 'fixtures/png/valid/rgba-8.png', { border: 'wrap', alpha: 'keep', passes: 2 });
    expect(await searchOf(page)).toBe('?backend=reference&alpha=keep&border=wrap&passes=2');
    await page.context().close();
  });

  test('an address restores all of them', async () => {
    const search = '?alpha=channel&border=reflect&passes=2&backend=reference&split=0.250&zoom=8&pixel=40,50';
    const { page } = await openPage(server.url + search);
    await expectProduct(page, PIZZA, { alpha: 'channel', border: 'reflect', passes: 2 });
    expect(await textOf(page, '#result')).toContain('Reference on binary64 TypeScript');
    expect(await page.inputValue('#split')).toBe('250');
    expect(await textOf(page, '#zoom')).toBe('800 %');
    expect([await page.inputValue('#pixel-x'), await page.inputValue('#pixel-y')]).toEqual(['40', '50']);
    await page.check('[name=border][value=wrap]', { force: true });
    const words = (text: string) => [...new URLSearchParams(text)].map(String).sort();
    expect(words(await searchOf(page))).toEqual(words(search.replace('reflect', 'wrap')));
    await page.context().close();
  });

  test('an address that means nothing is the start', async () => {
    const { page } = await openPage(`${server.url}?border=none&passes=0&zoom=-1&pixel=a&split=7&backend=cpu`);
    await expectProduct(page, PIZZA);
    await page.context().close();
  });

  test('every backend that the entry names can be chosen', async () => {
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    const names = await page
      .locator('[name=backend]')
      .evaluateAll((all) => all.map((one) => (one as HTMLInputElement).value));
    expect(names).toEqual(expect.arrayContaining(['auto', 'gpu', 'reference']));
    await choose(page, SMALL);
    for (const name of names) {
      await page.check(`[name=backend][value=${name}]`, { force: true });
      await expectProduct(page, SMALL);
    }
    await page.context().close();
  });
});

describeInBrowser('the slider', () => {
  test('moves by keyboard and by mouse; before is left of it, after is right of it', async () => {
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    await page.focus('#split');
    for (let step = 0; step < 3; step++) await page.keyboard.press('PageUp');
    expect(Number(await page.inputValue('#split'))).toBeGreaterThan(700);
    await page.keyboard.press('Home');
    expect(await searchOf(page)).toContain('split=0.000');
    const box = (await page.locator('#figure').boundingBox())!;
    await page.mouse.move(box.x + 22, box.y + box.height / 3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 3, { steps: 4 });
    await page.mouse.up();
    const split = Number(await page.inputValue('#split')) / 1000;
    expect(split).toBeGreaterThan(0.2);
    expect(split).toBeLessThan(0.3);
    const picture = await page.locator('#figure').screenshot();
    const { width, data } = decodePngSync(picture, { maxPixels: 1e8 });
    const at = (x: number, y: number) => [...data.subarray(4 * (y * width + x), 4 * (y * width + x) + 3)];
    // Away from the labels and the knob; the product is more saturated by far than a photograph.
    const saturation = ([red, green, blue]: number[]) => Math.max(red, green, blue) - Math.min(red, green, blue);
    const mean = (from: number, to: number) => {
      const places = Array.from({ length: to - from }, (_, k) => saturation(at(from + k, 300)));
      return places.reduce((sum, one) => sum + one) / places.length;
    };
    const edge = Math.round(22 + split * (width - 44));
    expect(mean(edge + 30, width - 5)).toBeGreaterThan(2 * mean(5, edge - 30));
    await page.context().close();
  });
});

describeInBrowser('zoom and the chosen pixel', () => {
  const samplesOf = (text: string) => text.match(/\d+/g)!.map(Number);

  test('zoomed in, every pixel is a square of exactly its colour', async () => {
    const { page } = await openPage(`${server.url}${QUICK}&pixel=300,200&zoom=64`);
    await productDone(page);
    await page.waitForTimeout(200);
    const colours = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLCanvasElement>('#figure canvas')].map((canvas) => {
        const [x, y] = [Math.floor(canvas.width / 2), Math.floor(canvas.height / 2)];
        return [...canvas.getContext('2d')!.getImageData(x, y, 1, 1).data];
      }),
    );
    const input = decode(PIZZA);
    const at = 4 * (200 * input.width + 300);
    expect(colours).toEqual([input, referenceOf(input)].map(({ data }) => [...data.subarray(at, at + 4)]));
    await page.context().close();
  });

  test('a click chooses the pixel below, arrow keys and fields another one', async () => {
    const { page } = await openPage(server.url + QUICK);
    await productDone(page);
    const box = (await page.locator('#figure').boundingBox())!;
    await page.mouse.click(box.x + box.width * 0.25, box.y + box.height * 0.5);
    const x = Number(await page.inputValue('#pixel-x'));
    expect(Math.abs(x - 950 / 4)).toBeLessThan(3);
    await page.focus('#figure');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    expect(await page.inputValue('#pixel-x')).toBe(String(x + 1));
    const y = Number(await page.inputValue('#pixel-y'));
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    expect(await textOf(page, '#zoom')).toMatch(/^\d+ %$/);
    await page.keyboard.press('0');
    expect(await textOf(page, '#zoom')).toBe('fit');
    await page.fill('#pixel-x', '3');
    await page.press('#pixel-x', 'Tab');
    await page.waitForFunction(() => document.querySelector('#pixel .bytes') !== null);
    expect(await searchOf(page)).toBe(`${QUICK}&pixel=3,${y}`);
    const input = decode(PIZZA);
    const at = 4 * (y * input.width + 3);
    expect(samplesOf(await textOf(page, '#pixel .bytes'))).toEqual([...referenceOf(input).data.subarray(at, at + 4)]);
    await page.context().close();
  });

  test('the steps shown give the bytes of the backend, also of the last of several passes, and at every edge', async () => {
    const { page } = await openPage(`${server.url}${QUICK}&alpha=channel`);
    await choose(page, 'fixtures/gradient-64x48.png');
    for (const [passes, border] of [
      [1, 'skip'],
      [3, 'skip'],
      [3, 'replicate'],
      [4, 'reflect'],
      [3, 'wrap'],
    ] as const) {
      await page.fill('#passes', String(passes));
      await page.locator('#passes').blur();
      await page.check(`[name=border][value=${border}]`, { force: true });
      await productDone(page);
      for (const [x, y] of [
        [0, 0],
        [1, 1],
        [63, 47],
        [30, 0],
        [30, 20],
        [62, 45],
      ]) {
        await page.fill('#pixel-x', String(x));
        await page.fill('#pixel-y', String(y));
        await page.locator('#pixel-y').blur();
        await page.waitForSelector(`#pixel:has-text("x ${x}, y ${y}")`);
        const text = await textOf(page, '#pixel');
        const isAtEdge = x === 0 || y === 0 || x === 63 || y === 47;
        if (border === 'skip' && isAtEdge) expect(text).toContain('leaves the outermost');
        else expect(text, `${passes} ${border} ${x} ${y}`).toContain('The backend wrote the same bytes.');
      }
    }
    await page.context().close();
  });
});

describeInBrowser('two backends', () => {
  test('no byte differs, and the picture of the difference is black', async () => {
    const { page } = await openPage(server.url + QUICK);
    await choose(page, SMALL);
    await page.click('#compare');
    await page.waitForSelector('#difference .outcome');
    expect(await textOf(page, '#difference .outcome')).toMatch(/^0\s+of 49,152 bytes differ$/);
    const colours = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('#difference canvas')!;
      const words = new Uint32Array(canvas.getContext('2d')!.getImageData(0, 0, 128, 96).data.buffer);
      return [canvas.width, canvas.height, ...new Set(words)];
    });
    expect(colours).toEqual([128, 96, 0xff000000]);
    await page.context().close();
  });
});

describeInBrowser('without a GPU', () => {
  const flags: Record<string, readonly string[]> = {
    'a GPU that the browser blocks': [],
    'plain http': ['--enable-unsafe-webgpu', '--host-resolver-rules=MAP insecure.test 127.0.0.1'],
  };
  const NONE = "Object.defineProperty(WorkerNavigator.prototype, 'gpu', { get: () => undefined })";

  test.each([
    ['a browser without WebGPU', /^No (usable )?GPU: this browser has no WebGPU\. Use a current Chrome/],
    [
      'plain http',
      /^No (usable )?GPU: this page came by plain http, where .*\. Open the page by https, or from localhost\./,
    ],
    [
      'a GPU that the browser blocks',
      /^No (usable )?GPU: no adapter answers\. The browser has WebGPU, but no GPU for it/,
    ],
  ])('%s: the right bytes, and a sentence that says why', async (name, sentence) => {
    const other = flags[name] && (await startBrowser(flags[name]));
    const url = name === 'plain http' ? server.url.replace('127.0.0.1', 'insecure.test') : server.url;
    const { page } = await openPage(url, { ...(other ? { in: other } : { beforeWorker: NONE }) });
    await expectProduct(page, PIZZA);
    await page.waitForSelector('#missing:not(:empty)');
    expect(await textOf(page, '#missing')).toMatch(sentence);
    await page.check('[name=backend][value=gpu]', { force: true });
    await page.waitForSelector('#result .error');
    expect(await textOf(page, '#result')).toMatch(sentence);
    expect(await page.isDisabled('#download')).toBe(true);
    await page.check('[name=backend][value=reference]', { force: true });
    await expectProduct(page, PIZZA);
    await page.context().close();
  });
});

/** Destroys a device that has got a picture, and not only the small ones that test it. */
const LOSE_DEVICE = `{
  const { requestDevice } = GPUAdapter.prototype;
  const { dispatchWorkgroups } = GPUComputePassEncoder.prototype;
  const { submit } = GPUQueue.prototype;
  const devices = new Map();
  let hasPicture = false;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.set(device.queue, device);
    return device;
  };
  GPUComputePassEncoder.prototype.dispatchWorkgroups = function (x, y = 1, z = 1) {
    hasPicture ||= x * y * z > 200;
    dispatchWorkgroups.call(this, x, y, z);
  };
  GPUQueue.prototype.submit = function (buffers) {
    submit.call(this, buffers);
    if (hasPicture) devices.get(this).destroy();
  };
}`;

describeInBrowser('a device that is lost while it works', () => {
  test('by name: a sentence; the backend auto gives the right bytes afterwards', async () => {
    const { page } = await openPage(`${server.url}?backend=gpu`, { beforeWorker: LOSE_DEVICE });
    await page.waitForSelector('#result .error');
    expect(await textOf(page, '#result')).toMatch(
      /^GPU failed while .*\(.*(lost|destroyed).*\)\. Use the backend auto/,
    );
    await page.check('[name=backend][value=auto]', { force: true });
    await expectProduct(page, PIZZA);
    await page.context().close();
  });

  test('under auto: another backend does its work, the bytes are right, and the page says so', async () => {
    // A device in software would not be taken.
    const hardware = `for (const [name, value] of Object.entries({ vendor: 'test', architecture: '', isFallbackAdapter: false })) {
      Object.defineProperty(GPUAdapterInfo.prototype, name, { get: () => value });
    }`;
    const { page } = await openPage(server.url, { beforeWorker: `${hardware};${LOSE_DEVICE}` });
    await expectProduct(page, PIZZA);
    expect(await textOf(page, '#result .fault')).toMatch(/GPU failed while .*\(.*destroyed.*\).* did its work/);
    await page.context().close();
  });
});

describeInBrowser('a picture of 40 megapixels', () => {
  test('has the bytes of Node, and the page lives on meanwhile', async () => {
    const [width, height] = [8000, 5000];
    const image = {
      data: new Uint8Array(width * height * 4),
      width,
      height,
      channels: 4,
      rowBytes: 4 * width,
    } as const;
    // Blocks of a colour of their own each: quick to compress, and every edge of a block has a product of its own.
    const words = new Uint32Array(image.data.buffer);
    for (let at = 0; at < words.length; at++) {
      const block = ((at % width) >> 5) + 251 * (Math.floor(at / width) >> 5);
      words[at] = Math.imul(block, 0x9e3779b1) | 0xff404040;
    }
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'neighbor-product-large-')), 'large.png');
    writeFileSync(file, await encodePng(image, { compression: 'fast' }));
    const { page } = await openPage(server.url);
    await productDone(page);
    const longestTaskMs = await recordTasks(page);
    await choose(page, file);
    const [actual] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
    const taskMs = await longestTaskMs();
    const product = await decodePng(readFileSync(await actual.path()), { maxPixels: width * height });
    const { image: expected } = transformSync(image, { backend: 'cpu' });
    expect([product.width, product.height]).toEqual([width, height]);
    expect(Buffer.compare(expected.data, product.data)).toBe(0);
    expect(taskMs).toBeGreaterThan(1);
    expect(taskMs).toBeLessThan(50);
    rmSync(path.dirname(file), { recursive: true });
    await page.context().close();
  }, 120_000);
});
