/** Stands in for the entry neighbor-product/files until it is there. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { NeighborProductError, transform } from 'neighbor-product';
import { decodePng, encodePng } from 'neighbor-product/png';

export async function transformFile(input, output, options) {
  const file = await readFile(input).catch(({ message }) => {
    throw permanent('INPUT_UNREADABLE', message);
  });
  const image = await decodePng(file, { maxPixels: 2 ** 20 }).catch(({ code, message }) => {
    throw permanent(code, message);
  });
  const { image: product } = await transform(image, options);
  const temporary = `${output}.${process.pid}.tmp`;
  await writeFile(temporary, await encodePng(product));
  await rename(temporary, output);
  return { input, output };
}

function permanent(code, message) {
  return Object.defineProperty(new NeighborProductError(code, message), 'isTemporary', { value: false });
}
