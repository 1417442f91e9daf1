/**
 * Ways to move images to a GPU and back, for src/gpu/slot.ts: node bench/transfer.mjs [MEGABYTES...] after
 * npm run build. Each way moves the same bytes in strips; of interleaved rounds the median, GB/s.
 */
import { openGpu } from '../dist/gpu/node-gpu.js';

const ROUNDS = 9;
const STRIP_BYTES = 8 * 2 ** 20;
const [MAP_READ, MAP_WRITE, COPY_SRC, COPY_DST] = [1, 2, 4, 8];

const opened = await openGpu();
if ('reason' in opened) throw new Error(`No usable GPU: ${opened.reason}.`);
const { device } = opened.transformer.backend;
const buffer = (size, usage) => device.createBuffer({ size, usage });

process.stdout.write(`${opened.adapter.description || opened.adapter.device}, strips of ${STRIP_BYTES} bytes\n\n`);
process.stdout.write('| MiB | way | GB/s |\n|---|---|---|\n');
for (const megabytes of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [8, 32, 128]) {
  await measure(megabytes * 2 ** 20);
}
opened.transformer.dispose();

async function measure(byteLength) {
  const image = new Uint8Array(byteLength).fill(7);
  const ways = [...uploads(image), ...downloads(new Uint8Array(byteLength).fill(1))];
  const timesMs = ways.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { run }] of ways.entries()) {
      const startMs = performance.now();
      await run();
      timesMs[index].push(performance.now() - startMs);
    }
  }
  for (const [index, { name, close }] of ways.entries()) {
    const medianMs = timesMs[index].sort((a, b) => a - b)[(ROUNDS - 1) / 2];
    process.stdout.write(`| ${byteLength / 2 ** 20} | ${name} | ${(byteLength / medianMs / 1e6).toFixed(2)} |\n`);
    close();
  }
}

/** Until the device has the bytes. */
function uploads(image) {
  const target = buffer(image.length, COPY_DST | COPY_SRC);
  const stagings = [0, 1, 2].map(() => buffer(STRIP_BYTES, MAP_WRITE | COPY_SRC));
  return [
    {
      name: 'up: writeBuffer, a strip at a time',
      run: async () => {
        for (const [offset, end] of strips(image.length)) {
          device.queue.writeBuffer(target, offset, image, offset, end - offset);
          device.queue.submit([]);
        }
        await device.queue.onSubmittedWorkDone();
      },
      close: () => target.destroy(),
    },
    {
      name: 'up: three mapped staging buffers in turn',
      run: async () => {
        for (const [index, [offset, end]] of strips(image.length).entries()) {
          const staging = stagings[index % 3];
          await staging.mapAsync(2);
          new Uint8Array(staging.getMappedRange()).set(image.subarray(offset, end));
          staging.unmap();
          submitCopy(staging, 0, target, offset, end - offset);
        }
        await device.queue.onSubmittedWorkDone();
      },
      close: () => destroyAll(stagings),
    },
    {
      name: 'up: a new buffer, mapped at creation, for each strip',
      run: async () => {
        for (const [offset, end] of strips(image.length)) {
          const staging = device.createBuffer({ size: end - offset, usage: COPY_SRC, mappedAtCreation: true });
          new Uint8Array(staging.getMappedRange()).set(image.subarray(offset, end));
          staging.unmap();
          submitCopy(staging, 0, target, offset, end - offset);
          staging.destroy();
        }
        await device.queue.onSubmittedWorkDone();
      },
      close: () => {},
    },
  ];
}

/** Until an array in memory has the bytes. */
function downloads(image) {
  const source = buffer(image.length, COPY_SRC | COPY_DST);
  const readBacks = [0, 1, 2].map(() => buffer(STRIP_BYTES, MAP_READ | COPY_DST));
  const finish = async (readBack, [offset, end], takeOver) => {
    await readBack.mapAsync(1, 0, end - offset);
    takeOver(readBack.getMappedRange(0, end - offset), offset);
    readBack.unmap();
  };
  const inTurn = (takeOver) => async () => {
    const underWay = [];
    for (const [index, strip] of strips(image.length).entries()) {
      if (underWay.length === 3) await underWay.shift()();
      const readBack = readBacks[index % 3];
      submitCopy(source, strip[0], readBack, 0, strip[1] - strip[0]);
      underWay.push(() => finish(readBack, strip, takeOver));
    }
    for (const end of underWay) await end();
  };
  return [
    {
      name: 'down: mapped, copied into the image',
      run: inTurn((range, offset) => image.set(new Uint8Array(range), offset)),
      close: () => source.destroy(),
    },
    {
      name: 'down: mapped, a copy of its own for each strip, copied into the image',
      run: inTurn((range, offset) => image.set(new Uint8Array(range.slice(0)), offset)),
      close: () => destroyAll(readBacks),
    },
  ];
}

function submitCopy(source, sourceOffset, target, targetOffset, byteLength) {
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, sourceOffset, target, targetOffset, byteLength);
  device.queue.submit([encoder.finish()]);
}

function destroyAll(buffers) {
  for (const held of buffers) held.destroy();
}

function strips(byteLength) {
  const count = Math.ceil(byteLength / STRIP_BYTES);
  return Array.from({ length: count }, (_, index) => [
    index * STRIP_BYTES,
    Math.min((index + 1) * STRIP_BYTES, byteLength),
  ]);
}
