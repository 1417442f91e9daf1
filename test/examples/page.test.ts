import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodePngSync } from '../../src/formats/png/decode.js';
import { referenceOf } from '../transforms.js';
import { describeInBrowser, openPage, serveFolder } from '../web/browser.js';

describeInBrowser('ImageData on a page, from the built package', () => {
  test('the canvas has the bytes of the reference', async () => {
    const server = await serveFolder('.', '/');
    const { page, complaints } = await openPage(`${server.url}examples/page.html`);
    await page.waitForSelector('canvas[title=done]');
    expect(complaints.filter((text) => !text.includes('404'))).toEqual([]); // the icon that browsers ask for
    const pixels = await page.evaluate(() => {
      const canvas = document.querySelector('canvas')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let text = '';
      for (let at = 0; at < data.length; at += 2 ** 15) text += String.fromCharCode(...data.subarray(at, at + 2 ** 15));
      return btoa(text);
    });
    const pizza = decodePngSync(readFileSync('fixtures/watermelon-pizza.png'), { maxPixels: 1e6 });
    expect(Buffer.compare(Buffer.from(pixels, 'base64'), referenceOf(pizza).data)).toBe(0);
    await server.close();
  });
});
