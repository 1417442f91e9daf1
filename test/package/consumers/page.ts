// What a page imports: compiled with a browser's declarations only, bundled for a browser.
import { DeviceTransform, openGpu, referenceTransformer, transform } from 'neighbor-product/browser';
import { listCases, runConformance } from 'neighbor-product/conformance';

export async function testPage(): Promise<boolean> {
  const opened = await openGpu({ gpu: navigator.gpu });
  const backend = 'transformer' in opened ? opened.transformer : referenceTransformer;
  return (await runConformance({ subjects: [{ name: 'page', backend }] })).passed;
}

export async function transformCanvas(context: CanvasRenderingContext2D): Promise<string> {
  const { image, backend } = await transform(context.getImageData(0, 0, 8, 8), { border: 'wrap' });
  context.putImageData(new ImageData(new Uint8ClampedArray(image.data), 8, 8), 0, 0);
  return backend;
}

export function createOn(device: GPUDevice): Promise<DeviceTransform> {
  return DeviceTransform.create(device, { width: 8, height: 8 });
}

export const caseCount: number = listCases().length;
