/**
 * Transforms the images of fixtures/golden with one backend and counts the bytes that differ from those of the NumPy program:
 * deno-golden.mjs FOLDER BACKEND. Prints one line of JSON. Runs in Deno, Bun and Node, where neighbor-product is installed.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { transform } from 'neighbor-product';

const [folder, chosen] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);
const inputs = read('inputs.bin');
const expected = read('expected.bin');

/** In the order of fixtures/golden/README.md. */
const ALPHAS = ['opaque', 'channel', 'keep'];
const BORDERS = ['skip', 'replicate', 'reflect', 'wrap'];

const found = { backends: new Set(), devices: new Set(), bytes: 0, differing: 0 };
for (const { width, height, channels, byteOffset } of JSON.parse(read('inputs.json').toString())) {
  const data = inputs.subarray(byteOffset, byteOffset + width * height * channels);
  for (const alpha of channels === 4 ? ALPHAS : ['opaque']) {
    for (const border of BORDERS) {
      const options = { backend: chosen, alpha, border, threads: 2 };
      const { image, backend, device } = await transform({ data, width, height, channels }, options);
      found.backends.add(backend);
      found.devices.add(device);
      for (const byte of image.data) if (byte !== expected[found.bytes++]) found.differing++;
    }
  }
}
if (found.bytes !== expected.length) throw new Error(`Expected ${expected.length} golden bytes, not ${found.bytes}.`);
process.stdout.write(`${JSON.stringify({ ...found, backends: [...found.backends], devices: [...found.devices] })}\n`);
