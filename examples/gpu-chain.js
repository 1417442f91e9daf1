// @ts-check
/**
 * The transform between two passes of your own, on one device and in one submission: nothing is read back but the end.
 *
 *     node examples/gpu-chain.js
 */
import { fileURLToPath } from 'node:url';
import { DeviceTransform } from 'neighbor-product';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals); // GPUBufferUsage, GPUMapMode: there already in a browser

const WORKGROUP_SIZE = 256;

/** Passes over pixels of one u32 each, red in the lowest byte; alpha stays as it is. */
const PASSES = {
  /** No colour is 0 afterwards: a 0 would blacken all its neighbours. */
  lift: 'pixel | 0x00101010u',
  invert: 'pixel ^ 0x00ffffffu',
};

/**
 * @param {GPUDevice} device
 * @param {import('neighbor-product').Image} image RGBA without padding between its rows, at most 65535 * 256 pixels
 * @returns the bytes of the image that is lifted, transformed and inverted
 */
export async function runChain(device, { data, width, height }) {
  const size = width * height * 4;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const a = device.createBuffer({ size, usage: STORAGE | COPY_DST });
  const b = device.createBuffer({ size, usage: STORAGE | COPY_SRC });
  const readBack = device.createBuffer({ size, usage: COPY_DST | MAP_READ });
  const transform = await DeviceTransform.create(device, { width, height, border: 'reflect' });

  device.queue.writeBuffer(a, 0, data, 0, size);
  const encoder = device.createCommandEncoder();
  recordPass(device, encoder, PASSES.lift, [a, b]);
  transform.record(encoder, { input: b, output: a });
  recordPass(device, encoder, PASSES.invert, [a, b]);
  encoder.copyBufferToBuffer(b, 0, readBack, 0, size);
  device.queue.submit([encoder.finish()]);

  await readBack.mapAsync(GPUMapMode.READ);
  const bytes = new Uint8Array(readBack.getMappedRange()).slice();
  for (const owned of [a, b, readBack, transform]) owned.destroy();
  return bytes;
}

/**
 * @param {GPUDevice} device
 * @param {GPUCommandEncoder} encoder
 * @param {string} expression of `pixel`, in WGSL
 * @param {[input: GPUBuffer, output: GPUBuffer]} buffers
 */
function recordPass(device, encoder, expression, buffers) {
  const code = `
    @group(0) @binding(0) var<storage, read> input: array<u32>;
    @group(0) @binding(1) var<storage, read_write> output: array<u32>;
    @compute @workgroup_size(${WORKGROUP_SIZE}) fn main(@builtin(global_invocation_id) id: vec3u) {
      if (id.x >= arrayLength(&input)) { return; }
      let pixel = input[id.x];
      output[id.x] = ${expression};
    }`;
  const module = device.createShaderModule({ code });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module } });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(buffers[0].size / 4 / WORKGROUP_SIZE));
  pass.end();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const gpu = create([]); // a device must not outlive this object, nor the adapter: both stay in scope
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('No GPU adapter answers: neighbor-product devices says what is missing.');
  const device = await adapter.requestDevice();
  const [width, height] = [1920, 1080];
  const data = Uint8Array.from({ length: width * height * 4 }, (_, at) => at % 251);
  const bytes = await runChain(device, { data, width, height, channels: 4 });
  process.stdout.write(
    `${bytes.length} bytes from ${adapter.info.description}, the first pixel ${bytes.slice(0, 4)}\n`,
  );
  device.destroy();
}
