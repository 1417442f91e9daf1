/**
 * What the kernels take on a GPU, without transfers: node bench/gpu-kernel.mjs [--sizes half,4k,8k] [--dawn FLAG] [--json FILE]
 * after npm run build. Whole images that are on the device already, by its own clock, beside copies of the same bytes by the
 * device's copy command and by a kernel; the result is compared with the CPU backend's. --dawn adds a flag of Dawn's, such
 * as enable-dawn-features=disable_robustness.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tiledImage } from '../dist/bench/cases.js';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { copyKernel, timeRecording } from '../dist/bench/device-times.js';
import { adapterText } from '../dist/gpu/adapters.js';
import { DAWN_FLAGS, openGpu } from '../dist/gpu/node-gpu.js';
import { DeviceTransform, transform } from '../dist/index.js';
import { DEFAULT_OPERATION } from '../dist/options.js';
import { photographOf } from './photograph.mjs';

const [MAP_READ, COPY_SRC, COPY_DST, STORAGE] = [1, 4, 8, 128];
const REPETITIONS = 5;

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'half,4k,8k' },
    dawn: { type: 'string' },
    json: { type: 'string' },
  },
});

if (options.dawn !== undefined) DAWN_FLAGS.push(options.dawn);
const opened = await openGpu();
if ('reason' in opened) throw new Error(`No usable GPU: ${opened.reason}.`);
const { device } = opened.transformer.backend;
if (!device.features.has('timestamp-query')) throw new Error('The GPU has no clock: it lacks timestamp-query.');
const adapter = adapterText(opened.adapter);
const report = { adapter, date: new Date().toISOString().slice(0, 10), kernels: [] };
/** The fixture, mirrored side by side, and what `bench` measures on. */
const KINDS = ['fixture', 'photograph', 'noise', 'flat', 'worst-case'];
const sizes = options.sizes.split(',').map((name) => NAMED_SIZES[name]);

process.stdout.write(`${adapter}\n`);
process.stdout.write('\n| size | image | exact pixels | ms | ns/pixel | times copy | times copy kernel |\n');
process.stdout.write('|---|---|---:|---:|---:|---:|---:|\n');
for (const size of sizes) for (const kind of KINDS) await measure(kind, size);
if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
opened.transformer.dispose();

async function measure(kind, { width, height }) {
  const image = imageOf(kind, { width, height });
  const { image: expected } = await transform(image, { backend: 'cpu' });
  const copy = { ...image, data: new Uint8Array(image.data.length) };
  const { exactPixels } = await opened.transformer.transform(image, copy, DEFAULT_OPERATION);
  const { input, output, close } = buffersFor(image);
  const ours = await DeviceTransform.create(device, { width, height });
  const ms = await median((encoder) => ours.record(encoder, { input, output }));
  const isRight = Buffer.compare(await readBack(output), expected.data) === 0;
  const copyMs = await median((encoder) => encoder.copyBufferToBuffer(input, 0, output, 0, input.size));
  const copyKernelMs = await median(await copyKernel(device, input, output));
  ours.destroy();
  close();
  const row = { width, height, kind, exactPixels, ms, copyMs, copyKernelMs, isRight };
  report.kernels.push(row);
  const cells = [
    `${width}x${height}`,
    kind,
    `${((exactPixels / width / height) * 100).toPrecision(2)} %`,
    ms.toPrecision(3),
    ((ms * 1e6) / width / height).toPrecision(3),
    (ms / copyMs).toFixed(2),
    (ms / copyKernelMs).toFixed(2),
  ];
  process.stdout.write(`| ${cells.join(' | ')} |${isRight ? '' : ' BYTES DIFFER'}\n`);
  if (!isRight) process.exitCode = 1;
}

function imageOf(kind, { width, height }) {
  return kind === 'fixture' ? photographOf(width, height) : tiledImage(kind, width, height);
}

async function median(record) {
  const values = [];
  while (values.length < REPETITIONS) values.push(await timeRecording(device, record));
  return values.sort((a, b) => a - b)[(REPETITIONS - 1) / 2];
}

async function readBack(source) {
  const mapped = buffer(source.size, MAP_READ | COPY_DST);
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, 0, mapped, 0, source.size);
  device.queue.submit([encoder.finish()]);
  await mapped.mapAsync(1);
  const copy = new Uint8Array(mapped.getMappedRange()).slice();
  mapped.destroy();
  return copy;
}

function buffersFor({ data }) {
  const input = filled(data, STORAGE | COPY_SRC);
  const output = buffer(data.length, STORAGE | COPY_SRC | COPY_DST);
  const close = () => {
    input.destroy();
    output.destroy();
  };
  return { input, output, close };
}

function filled(data, usage) {
  const made = buffer(data.byteLength, usage | COPY_DST);
  device.queue.writeBuffer(made, 0, data);
  return made;
}

function buffer(size, usage) {
  return device.createBuffer({ size, usage });
}
