const { readFileSync } = require('node:fs');

const [width, height] = process.argv.slice(2).map(Number);

import('neighbor-product').then(async ({ transform }) => {
  const { image, backend } = await transform({ data: readFileSync('input.rgba'), width, height, channels: 4 });
  process.stdout.write(JSON.stringify({ pixels: Buffer.from(image.data).toString('base64'), backend }));
});
