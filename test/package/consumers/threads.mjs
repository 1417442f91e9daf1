import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { transform } from 'neighbor-product';

if (isMainThread) {
  const [width, height] = process.argv.slice(2).map(Number);
  const workerData = { data: readFileSync('input.rgba'), width, height, channels: 4 };
  const answers = [1, 2, 3].map(async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData });
    // Before the answer is awaited: a message that is still under way when the thread ends comes together with the end.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await ended;
    return answer;
  });
  process.stdout.write(JSON.stringify(await Promise.all(answers)));
} else {
  const { image, backend } = await transform(workerData);
  parentPort.postMessage({ pixels: Buffer.from(image.data).toString('base64'), backend });
}
