/** Where the time of a GPU goes: measured apart from the rounds, since asking for times costs some. */
import { DEVICE_LANE } from '../gpu/device-clock.js';
import { timeDeviceCopy } from '../gpu/device-copy.js';
import type { GpuBackend } from '../gpu/gpu-backend.js';
import type { Raster } from '../image.js';
import { DEFAULT_OPERATION } from '../options.js';
import type { Span } from '../span.js';
import type { DeviceTimes } from './result.js';
import { spreadOf } from './spread.js';

const REPETITIONS = 5;

/** Undefined where the device has no clock that tells. */
export async function measureDevice(
  backend: GpuBackend,
  input: Raster,
  output: Raster,
): Promise<DeviceTimes | undefined> {
  if (!backend.device.features.has('timestamp-query')) return undefined;
  const runs: DeviceTimes[] = [];
  for (let run = 0; run < REPETITIONS; run++) {
    const spans: Span[] = [];
    const onSpan = (span: Span) => spans.push(span);
    const unset = { threads: undefined, output, signal: undefined };
    await backend.transform(input, output, { ...DEFAULT_OPERATION, ...unset, backend: 'gpu', onSpan });
    runs.push({
      uploadMs: totalMs(spans, ({ name }) => name === 'upload'),
      kernelMs: totalMs(spans, ({ lane }) => lane === DEVICE_LANE),
      readBackMs: totalMs(spans, ({ name }) => name === 'copy'),
      copyMs: await timeDeviceCopy(backend.device, input.data.length),
    });
  }
  const median = (name: keyof DeviceTimes) => spreadOf(runs.map((times) => times[name])).median;
  return {
    uploadMs: median('uploadMs'),
    kernelMs: median('kernelMs'),
    readBackMs: median('readBackMs'),
    copyMs: median('copyMs'),
  };
}

function totalMs(spans: readonly Span[], isMeant: (span: Span) => boolean): number {
  return spans.filter(isMeant).reduce((sum, { startMs, endMs }) => sum + (endMs - startMs), 0);
}
