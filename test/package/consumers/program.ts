// What a TypeScript program of a user's looks like: type-checked as strictly as TypeScript can, then run.
import { readFileSync } from 'node:fs';
import {
  type Image,
  NeighborProductError,
  type Result,
  type TransformOptions,
  transform,
  transformSync,
} from 'neighbor-product';
import { DeviceTransform, type OpenedGpu, openGpu } from 'neighbor-product/browser';
import { reportTable, runConformance, type TestedBackend } from 'neighbor-product/conformance';

const [width, height] = process.argv.slice(2).map(Number) as [number, number];
const image: Image = { data: readFileSync('input.rgba'), width, height, channels: 4 };

/** Optional fields of the program's own, which may be undefined. */
function run(signal?: AbortSignal, border?: TransformOptions['border'], threads?: number, output?: Image) {
  return transform(image, { backend: undefined, alpha: undefined, passes: undefined, signal, border, threads, output });
}

/** What sharp gives with its raw output. */
const info: { channels: 1 | 2 | 3 | 4; format: string; size: number } = { channels: 4, format: 'raw', size: 1 };

const result: Result = await run();
await transform({ data: image.data, width, height, ...info });
// @ts-expect-error: the declarations must be there, and not be `any`
const notANumber: number = transformSync(image, { backend: 'reference' }).backend;
// @ts-expect-error: neither may those of the GPU be
const notAFunction: () => void = DeviceTransform.create;
const open: (...args: Parameters<typeof openGpu>) => Promise<OpenedGpu> = openGpu;

const mine: TestedBackend = {
  async transform(input, output, { alpha, border, passes }) {
    const { device, exactPixels } = await transform(input, { backend: 'reference', alpha, border, passes, output });
    return { device, exactPixels };
  },
};
const report = await runConformance({ subjects: [{ name: 'mine', backend: mine }], filter: 'border/*/33x7' });

let code = '';
try {
  transformSync({ ...image, width: 0 });
} catch (error) {
  if (error instanceof NeighborProductError) code = error.code;
}

process.stdout.write(
  JSON.stringify({
    pixels: Buffer.from(result.image.data).toString('base64'),
    backend: result.backend,
    code,
    passed: report.passed && reportTable(report).includes('PASSED'),
    reason: await openGpu().then((opened) => ('reason' in opened ? opened.reason : 'opened')),
    kept: [notANumber, notAFunction, open].length,
  }),
);
