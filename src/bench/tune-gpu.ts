/** Tries sizes of workgroups and of a thread's work on the GPU at hand. They decide its speed, never the bytes. */
import { isDeepStrictEqual } from 'node:util';
import { NeighborProductError } from '../errors.js';
import { adapterText } from '../gpu/adapters.js';
import { BUFFER, MAP_MODE_READ, withErrorScopes } from '../gpu/device.js';
import type { GpuBackend } from '../gpu/gpu-backend.js';
import { openGpu } from '../gpu/node-gpu.js';
import { Pipelines, TUNING, type Tuning, Workspace } from '../gpu/passes.js';
import type { CheckedImage } from '../image.js';
import { DEFAULT_OPERATION } from '../options.js';
import { regionOf } from '../regions.js';
import type { BenchCase } from './cases.js';
import { timeDeviceCopy, timeRecording } from './device-times.js';
import { type MeasureOptions, spreadOf } from './measure.js';

const WORKGROUP_SIZES = [32, 64, 128, 256];
const ROW_COUNTS = [4, 8, 16, 32];

/** A tuning that was tried. */
interface TuningTime extends Tuning {
  /** Device time of both passes, a median. */
  readonly ms: number;
  /** Divided by the time of the device's own copy of the image. */
  readonly timesCopy: number;
}

export interface TuningReport {
  readonly adapter: string;
  readonly id: string;
  readonly rounds: number;
  readonly copyMs: number;
  /** In the order in which they were tried; the first is the one that the package has. */
  readonly tried: readonly TuningTime[];
}

/** @returns the tuning with the least time */
function bestOf({ tried }: TuningReport): TuningTime {
  return tried.reduce((best, tuning) => (tuning.ms < best.ms ? tuning : best));
}

/**
 * Every round times every tuning once. First the sizes of the fast pass vary, then, with the best of them, that of the
 * exact pass.
 *
 * @param benchCase an image of four channels
 * @throws NeighborProductError `BACKEND_UNAVAILABLE`; `DIFFERENCES_FOUND` where a tuning gives other bytes than the reference
 */
export async function tuneGpu(benchCase: BenchCase, options: MeasureOptions): Promise<TuningReport> {
  const opened = await openGpu();
  if ('reason' in opened) throw unavailable(opened.reason);
  const { device } = opened.transformer.backend as GpuBackend;
  try {
    if (!device.features.has('timestamp-query')) throw unavailable('it has no clock (timestamp-query)');
    const copyMs = await timeDeviceCopy(device, benchCase.input.data.length);
    const time = (tunings: readonly Tuning[]) => timeTunings(device, benchCase, tunings, copyMs, options);
    const ofFastPass = await time([TUNING, ...fastPassTunings(device.limits)]);
    const report = { adapter: adapterText(opened.adapter), id: benchCase.id, rounds: options.repeat, copyMs };
    const { ms, timesCopy, ...best } = bestOf({ ...report, tried: ofFastPass });
    return { ...report, tried: [...ofFastPass, ...(await time(exactPassTunings(best, device.limits)))] };
  } finally {
    opened.transformer.dispose();
  }
}

function unavailable(reason: string): NeighborProductError {
  return new NeighborProductError('BACKEND_UNAVAILABLE', `Expected a GPU to tune, but ${reason}.`);
}

function fastPassTunings(limits: GPUSupportedLimits): Tuning[] {
  return sizesWithin(limits)
    .flatMap((fastWorkgroupSize) =>
      ROW_COUNTS.map((rowsPerThread) => ({ ...TUNING, fastWorkgroupSize, rowsPerThread })),
    )
    .filter((tuning) => !isDeepStrictEqual(tuning, TUNING));
}

function exactPassTunings(best: Tuning, limits: GPUSupportedLimits): Tuning[] {
  return sizesWithin(limits)
    .filter((size) => size !== best.exactWorkgroupSize)
    .map((exactWorkgroupSize) => ({ ...best, exactWorkgroupSize }));
}

function sizesWithin({ maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX }: GPUSupportedLimits): number[] {
  return WORKGROUP_SIZES.filter(
    (size) => size <= Math.min(maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX),
  );
}

async function timeTunings(
  device: GPUDevice,
  benchCase: BenchCase,
  tunings: readonly Tuning[],
  copyMs: number,
  { repeat, onProgress }: MeasureOptions,
): Promise<TuningTime[]> {
  const compiled: Pipelines[] = [];
  for (const tuning of tunings) {
    onProgress?.(`${benchCase.id}: checking ${tuningText(tuning)}`);
    const pipelines = await Pipelines.create(device, undefined, tuning);
    await onDevice(device, pipelines, benchCase.input, (record, output) => check(device, record, output, benchCase));
    compiled.push(pipelines);
  }
  const timesMs = tunings.map((): number[] => []);
  for (let round = 0; round < repeat; round++) {
    onProgress?.(`${benchCase.id}: round ${round + 1} of ${repeat}`);
    for (const [index, pipelines] of compiled.entries()) {
      const time = (record: Record) => timeRecording(device, record);
      timesMs[index].push(await onDevice(device, pipelines, benchCase.input, time));
    }
  }
  return tunings.map((tuning, index) => {
    const ms = spreadOf(timesMs[index]).median;
    return { ...tuning, ms, timesCopy: ms / copyMs };
  });
}

type Record = (encoder: GPUCommandEncoder) => void;

/** Memory for the image and its output while `work` uses it: less is held than with memory for every tuning. */
async function onDevice<T>(
  device: GPUDevice,
  pipelines: Pipelines,
  { width, height, data }: CheckedImage,
  work: (record: Record, output: GPUBuffer) => Promise<T>,
): Promise<T> {
  const region = regionOf({ width, height }, DEFAULT_OPERATION.border);
  const pair = await pipelines.pairFor(DEFAULT_OPERATION.alpha, region, width);
  const { workspace, input, output } = await withErrorScopes(device, () => {
    const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
    const buffer = () => device.createBuffer({ size: width * height * 4, usage });
    const created = new Workspace(device, pipelines, width * height, 1);
    created.setRegion(region, width);
    return { workspace: created, input: buffer(), output: buffer() };
  });
  try {
    device.queue.writeBuffer(input, 0, data as Uint8Array<ArrayBuffer>, 0, input.size);
    const range = { first: 0, end: 1, passes: 1 };
    return await work(
      (encoder) => workspace.record(encoder, { pair, buffers: { input, output }, region, range }),
      output,
    );
  } finally {
    for (const object of [workspace, input, output]) object.destroy();
  }
}

async function check(device: GPUDevice, record: Record, output: GPUBuffer, { id, expected }: BenchCase): Promise<void> {
  const readBack = device.createBuffer({ size: output.size, usage: BUFFER.COPY_DST | BUFFER.MAP_READ });
  try {
    await withErrorScopes(device, () => {
      const encoder = device.createCommandEncoder({ label: 'check' });
      record(encoder);
      encoder.copyBufferToBuffer(output, 0, readBack, 0, output.size);
      device.queue.submit([encoder.finish()]);
    });
    await readBack.mapAsync(MAP_MODE_READ);
    if (Buffer.compare(new Uint8Array(readBack.getMappedRange()), expected.data) === 0) return;
  } finally {
    readBack.destroy();
  }
  throw new NeighborProductError(
    'DIFFERENCES_FOUND',
    `The GPU's bytes differ from the reference's on ${id}, so its time means nothing. ` +
      'Run neighbor-product conformance to find the first difference.',
  );
}

/** `workgroups of 64, 16 rows a thread, exact workgroups of 64` */
function tuningText({ fastWorkgroupSize, rowsPerThread, exactWorkgroupSize }: Tuning): string {
  return `workgroups of ${fastWorkgroupSize}, ${rowsPerThread} rows a thread, exact workgroups of ${exactWorkgroupSize}`;
}

/** For a terminal; no line break at the end. */
export function tuningTable(report: TuningReport): string {
  const [present, best] = [report.tried[0], bestOf(report)];
  const rows = report.tried
    .toSorted((a, b) => a.ms - b.ms)
    .map((tuning) => {
      return `  ${tuning.ms.toPrecision(3).padStart(8)} ms  ${tuning.timesCopy.toFixed(2).padStart(6)} copies  ${tuningText(tuning)}`;
    });
  const share =
    best === present
      ? 'the one that the package has'
      : `${(best.ms / present.ms).toFixed(2)} of the time of the package's`;
  return [
    `${report.adapter}, ${report.id}, device time of both passes, medians of ${report.rounds} rounds`,
    ...rows,
    `Best: ${tuningText(best)}: ${share}, ${best.timesCopy.toFixed(2)} times the device's copy (${report.copyMs.toPrecision(3)} ms).`,
  ].join('\n');
}
