import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { transform } from 'neighbor-product';

const [width, height] = process.argv.slice(2).map(Number);
const { image, backend } = await transform({ data: readFileSync('input.rgba'), width, height, channels: 4 });
const require = createRequire(import.meta.url);
const { version } = require('neighbor-product/package.json');
process.stdout.write(
  JSON.stringify({
    pixels: Buffer.from(image.data).toString('base64'),
    backend,
    version,
    libraries: process.platform === 'linux' ? readFileSync('/proc/self/maps', 'utf8').match(/\S*libgomp\S*/g) : [],
  }),
);
