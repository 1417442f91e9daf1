// What a page imports: compiled with a browser's declarations only, bundled for a browser.
import { DeviceTransform, openGpu, referenceTransformer } from 'neighbor-product/browser';
import { listCases, runConformance } from 'neighbor-product/conformance';

export async function testPage(): Promise<boolean> {
  const opened = await openGpu({ gpu: navigator.gpu });
  const backend = 'transformer' in opened ? opened.transformer : referenceTransformer;
  return (await runConformance({ subjects: [{ name: 'page', backend }] })).passed;
}

export function createOn(device: GPUDevice): Promise<DeviceTransform> {
  return DeviceTransform.create(device, { width: 8, height: 8 });
}

export const caseCount: number = listCases().length;
