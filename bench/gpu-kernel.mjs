/**
 * What the kernels take on a GPU, without transfers: node bench/gpu-kernel.mjs [--sizes half,4k,8k] [--sweep] [--shader FILE]
 * [--dawn FLAG] [--json FILE] after npm run build. Whole images that are on the device already, by its own clock, beside
 * copies of the same bytes by the device's copy command and by a kernel; the result is compared with the CPU backend's. With
 * --sweep also other sizes of workgroups and of a thread's work, for the last of the sizes; with --shader only that, on
 * other WGSL than the package's. --dawn adds a flag of Dawn's, such as enable-dawn-features=disable_robustness.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { tiledImage } from '../dist/bench/cases.js';
import { NAMED_SIZES } from '../dist/bench/choices.js';
import { copyKernel, timeRecording } from '../dist/bench/device-times.js';
import { adapterText } from '../dist/gpu/adapters.js';
import { DAWN_FLAGS, openGpu } from '../dist/gpu/node-gpu.js';
import { shaderCode } from '../dist/gpu/shader-code.js';
import { DeviceTransform, transform } from '../dist/index.js';
import { DEFAULT_OPERATION } from '../dist/options.js';
import { photographOf } from './photograph.mjs';

const [MAP_READ, COPY_SRC, COPY_DST, UNIFORM, STORAGE, INDIRECT] = [1, 4, 8, 64, 128, 256];
const REPETITIONS = 5;

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'half,4k,8k' },
    sweep: { type: 'boolean', default: false },
    shader: { type: 'string' },
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
const report = { adapter, date: new Date().toISOString().slice(0, 10), kernels: [], sweep: [] };
/** By workgroup size: on some drivers compiling them takes seconds. */
const exactPasses = new Map();
/** The fixture, mirrored side by side, and what `bench` measures on. */
const KINDS = ['fixture', 'photograph', 'noise', 'flat', 'worst-case'];
const sizes = options.sizes.split(',').map((name) => NAMED_SIZES[name]);
const code = options.shader === undefined ? shaderCode : readFileSync(options.shader, 'utf8');

process.stdout.write(`${adapter}\n`);
if (options.shader === undefined) {
  process.stdout.write('\n| size | image | exact pixels | ms | ns/pixel | times copy | times copy kernel |\n');
  process.stdout.write('|---|---|---:|---:|---:|---:|---:|\n');
  for (const size of sizes) for (const kind of KINDS) await measure(kind, size);
}
if (options.sweep || options.shader) for (const kind of KINDS) await sweep(kind, sizes.at(-1));
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

/** Every combination alone, both passes and the fast one only. */
async function sweep(kind, { width, height }) {
  const image = imageOf(kind, { width, height });
  const { image: expected } = await transform(image, { backend: 'cpu' });
  const buffers = buffersFor(image);
  process.stdout.write(`\n${kind}, ${width}x${height}\n\n`);
  process.stdout.write(
    '| columns | rows | exact | fast pass, ms | both, ms | bytes |\n|---:|---:|---:|---:|---:|---|\n',
  );
  const tunings = [];
  const rowCounts = options.shader === undefined ? [1, 2, 4, 8, 16, 32] : [4, 8, 16];
  for (const columns of [32, 64, 128, 256]) for (const rows of rowCounts) tunings.push([columns, rows, 64]);
  for (const exact of [32, 128, 256]) tunings.push([64, 8, exact]);
  for (const [columns, rows, exact] of kind === 'fixture'
    ? tunings
    : tunings.filter(([columns, rows]) => columns === 64 && rows === 8)) {
    const row = await measureTuning({ columns, rows, exact }, buffers, { width, height }, expected);
    report.sweep.push({ kind, width, height, ...row });
    const { fastMs, ms, isRight } = row;
    process.stdout.write(
      `| ${columns} | ${rows} | ${exact} | ${fastMs.toPrecision(3)} | ${ms.toPrecision(3)} | ${isRight ? 'right' : 'WRONG'} |\n`,
    );
  }
  buffers.close();
}

async function measureTuning({ columns, rows, exact }, { input, output }, { width, height }, expected) {
  const both = { alpha_mode: 0, exact_workgroup_size: exact };
  const fast = await pipelineOf(code, 'fast_pass', {
    ...both,
    columns_per_workgroup: columns,
    rows_per_thread: rows,
    most_exact_workgroups: device.limits.maxComputeWorkgroupsPerDimension,
  });
  if (!exactPasses.has(exact)) exactPasses.set(exact, pipelineOf(code, 'exact_pass', both));
  const exactPass = await exactPasses.get(exact);
  const region = filled(Uint32Array.of(1, 1, width - 1, height - 1, 0, 0, width - 1, height - 1, width, 0), UNIFORM);
  const emptyList = filled(Uint32Array.of(0, 1, 1, 0), COPY_SRC);
  const quotients = filled(
    Float64Array.from({ length: 256 }, (_, sample) => sample / 255),
    STORAGE,
  );
  const list = buffer(16 + width * height * 4, STORAGE | INDIRECT | COPY_DST);
  const shared = [region, input, output, list].map((bound) => ({ buffer: bound }));
  const fastGroup = bind(fast, shared);
  const exactGroup = bind(exactPass, [...shared, { buffer: quotients }]);
  const record = (hasExact) => (encoder) => {
    encoder.copyBufferToBuffer(emptyList, 0, list, 0, 16);
    const pass = encoder.beginComputePass();
    pass.setPipeline(fast);
    pass.setBindGroup(0, fastGroup);
    pass.dispatchWorkgroups(Math.ceil((width - 2) / columns), Math.ceil((height - 2) / rows));
    if (hasExact) {
      pass.setPipeline(exactPass);
      pass.setBindGroup(0, exactGroup);
      pass.dispatchWorkgroupsIndirect(list, 0);
    }
    pass.end();
  };
  const fastMs = await median(record(false));
  const ms = await median(record(true));
  const isRight = Buffer.compare(await readBack(output), expected.data) === 0;
  for (const used of [region, emptyList, quotients, list]) used.destroy();
  return { columns, rows, exact, fastMs, ms, isRight };
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

function pipelineOf(wgsl, entryPoint, constants = {}) {
  const module = device.createShaderModule({ code: wgsl });
  return device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint, constants } });
}

function bind(pipeline, resources) {
  const entries = resources.map((resource, binding) => ({ binding, resource }));
  return device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
}
