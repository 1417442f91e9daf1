const { readFileSync } = require('node:fs');
const { transform, NeighborProductError } = require('neighbor-product');
const browser = require('neighbor-product/browser');
const conformance = require('neighbor-product/conformance');

const [width, height] = process.argv.slice(2).map(Number);

transform({ data: readFileSync('input.rgba'), width, height, channels: 4 }).then(async ({ image, backend }) => {
  const imported = await import('neighbor-product');
  process.stdout.write(
    JSON.stringify({
      pixels: Buffer.from(image.data).toString('base64'),
      backend,
      shareModules: browser.NeighborProductError === NeighborProductError,
      conformance: typeof conformance.runConformance,
      isOneCopy: imported.transform === transform,
    }),
  );
});
