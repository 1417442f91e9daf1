// What a page imports: compiled with a browser's declarations only, bundled for a browser.
import { DeviceTransform, openGpuOf, referenceBackend } from 'neighbor-product/browser';
import { listCases, runConformance } from 'neighbor-product/conformance';

export async function testPage(gpu: GPU, shaders: Parameters<typeof openGpuOf>[1]): Promise<boolean> {
  const opened = await openGpuOf(gpu, shaders, {});
  const backend = 'backend' in opened ? opened.backend : referenceBackend;
  return (await runConformance({ subjects: [{ name: 'page', backend }] })).passed;
}

export function createOn(device: GPUDevice, shaders: Parameters<typeof openGpuOf>[1]): Promise<DeviceTransform> {
  return DeviceTransform.create(device, shaders, { width: 8, height: 8 });
}

export const caseCount: number = listCases().length;
