/** Times by a device's own clock of what is on the device already: the passes over an image, and a copy of its bytes. */
import { answered, SOFTWARE_ANSWER_MS } from '../gpu/answer.js';
import { BUFFER, MAP_MODE_READ, PIXEL_BYTES, withErrorScopes } from '../gpu/device.js';
import { DeviceTransform } from '../gpu/device-transform.js';
import { PassTimer, TIME_BYTES } from '../gpu/timing.js';
import type { CheckedImage } from '../image.js';

const NS_PER_MS = 1e6;

/**
 * Device time to spend on one measurement. A GPU that was idle needs some milliseconds to reach its clock rate, and one
 * recording may be as short as what it takes to start it.
 */
const MEASURED_MS = 100;
const MOST_CALLS = 1000;

/** Only passes can be timed: an empty one before the recordings, and one after them. */
const MARKS = 2;

/**
 * Milliseconds of one transform, without transfers.
 *
 * @param device one with the feature `timestamp-query`
 * @param image of four channels, without padding, within the device's limits
 * @throws DeviceError; NoAnswer
 */
export async function timeKernel(device: GPUDevice, { data, width, height }: CheckedImage): Promise<number> {
  const transform = await DeviceTransform.create(device, { width, height });
  const buffers = await withErrorScopes(device, () => ({
    input: device.createBuffer({ size: transform.byteLength, usage: BUFFER.STORAGE | BUFFER.COPY_DST }),
    output: device.createBuffer({ size: transform.byteLength, usage: BUFFER.STORAGE }),
  }));
  try {
    device.queue.writeBuffer(buffers.input, 0, data as Uint8Array<ArrayBuffer>, 0, transform.byteLength);
    return await timeRecording(device, (encoder) => transform.record(encoder, buffers));
  } finally {
    for (const object of [transform, buffers.input, buffers.output]) object.destroy();
  }
}

/**
 * Milliseconds of copying from one new buffer to another, by the device's copy command or by a kernel, whichever is faster.
 *
 * @param device one with the feature `timestamp-query`
 * @param byteLength a multiple of 4, within the device's limits
 * @throws DeviceError; NoAnswer
 */
export async function timeDeviceCopy(device: GPUDevice, byteLength: number): Promise<number> {
  const usage = BUFFER.STORAGE | BUFFER.COPY_SRC | BUFFER.COPY_DST;
  const [input, output] = await withErrorScopes(device, () => {
    return [0, 1].map(() => device.createBuffer({ size: byteLength, usage }));
  });
  try {
    const byCommand = await timeRecording(device, (encoder) => {
      encoder.copyBufferToBuffer(input, 0, output, 0, byteLength);
    });
    return Math.min(byCommand, await timeRecording(device, await copyKernel(device, input, output)));
  } finally {
    input.destroy();
    output.destroy();
  }
}

const COPY_WORKGROUP = 256;

/** Four words a thread. */
const COPY_CODE = `
@group(0) @binding(0) var<storage, read> input: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> output: array<vec4u>;
@compute @workgroup_size(${COPY_WORKGROUP})
fn copy(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let place = thread.y * workgroups.x * ${COPY_WORKGROUP}u + thread.x;
  if (place < arrayLength(&input)) { output[place] = input[place]; }
}`;

export async function copyKernel(device: GPUDevice, input: GPUBuffer, output: GPUBuffer) {
  const module = device.createShaderModule({ label: 'copy', code: COPY_CODE });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
  const entries = [input, output].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const workgroups = Math.ceil(input.size / (4 * PIXEL_BYTES * COPY_WORKGROUP));
  const rows = Math.ceil(workgroups / device.limits.maxComputeWorkgroupsPerDimension);
  return (encoder: GPUCommandEncoder) => {
    const pass = encoder.beginComputePass({ label: 'copy' });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(Math.ceil(workgroups / rows), rows);
    pass.end();
  };
}

/** Records work into an encoder; its time is that of one call. */
type Record = (encoder: GPUCommandEncoder) => void;

/** As many calls as fill {@link MEASURED_MS}, all in one submission. */
export async function timeRecording(device: GPUDevice, record: Record): Promise<number> {
  const onceMs = await timeCalls(device, record, 1);
  const calls = Math.floor(Math.min(MOST_CALLS, MEASURED_MS / onceMs));
  return calls > 1 ? timeCalls(device, record, calls) : onceMs;
}

/**
 * Milliseconds a call. The calls are recorded twice, and the second time counts: memory is allocated then. The ends of the
 * empty passes count: what came before has ended by then, while a pass may begin before that.
 */
async function timeCalls(device: GPUDevice, record: Record, calls: number): Promise<number> {
  const objects = await withErrorScopes(device, () => ({
    timer: new PassTimer(device, MARKS),
    readBack: device.createBuffer({ size: 2 * MARKS * TIME_BYTES, usage: BUFFER.COPY_DST | BUFFER.MAP_READ }),
  }));
  try {
    const { timer, readBack } = objects;
    const submit = async () => {
      await withErrorScopes(device, () => {
        const encoder = device.createCommandEncoder({ label: 'timed' });
        for (let mark = 0; mark < MARKS; mark++) {
          for (let call = 0; call < calls; call++) record(encoder);
          encoder.beginComputePass({ timestampWrites: timer.writesOf(mark) }).end();
        }
        timer.recordResult(encoder, MARKS, readBack, 0);
        device.queue.submit([encoder.finish()]);
      });
      await readBack.mapAsync(MAP_MODE_READ);
    };
    await answered(submit(), SOFTWARE_ANSWER_MS);
    const [, startNs, , endNs] = new BigUint64Array(readBack.getMappedRange());
    return Number(endNs - startNs) / NS_PER_MS / calls;
  } finally {
    for (const object of Object.values(objects)) object.destroy();
  }
}
