/** The addon in worker threads that come and go, each in a process of its own: a crash would end the test runner. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const INDEX = new URL('../../dist/index.js', import.meta.url).href;
const LARGE = '{ data: new Uint8Array(800 * 600 * 4).fill(90), width: 800, height: 600, channels: 4 }';

function runScript(script: string) {
  const words = ['--expose-gc', '--input-type=module', '--eval', script];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 60_000 });
  return { status, signal, stdout, stderr };
}

function workerScript(body: string): string {
  const inside = `import(${JSON.stringify(INDEX)}).then(async ({ transform }) => {
    const { parentPort } = await import('node:worker_threads');
    ${body}
  })`;
  return JSON.stringify(inside);
}

test('loaded only in a worker, which exits', () => {
  const body = `const { backend } = await transform(${LARGE}, { threads: 3 }); parentPort.postMessage(backend);`;
  const script = `import { Worker } from 'node:worker_threads';
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(${workerScript(body)}, { eval: true });
      worker.on('message', (backend) => console.log(backend));
      await new Promise((resolve) => worker.on('exit', resolve));
    }`;
  expect(runScript(script)).toEqual({ status: 0, signal: null, stdout: 'cpu\ncpu\ncpu\n', stderr: '' });
});

test.each(['cpu', 'auto'])('terminated before, while and after a transform of %s runs', (backend) => {
  const options = `{ passes: 100, backend: '${backend}' }`;
  const body = `const running = transform(${LARGE}, ${options}); parentPort.postMessage('started'); await running;`;
  const script = `import { Worker } from 'node:worker_threads';
    for (const delayMs of [0, 5, 20, 60, 400]) {
      const worker = new Worker(${workerScript(body)}, { eval: true });
      await new Promise((resolve) => worker.on('message', resolve));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await worker.terminate();
      console.log('terminated');
    }`;
  expect(runScript(script)).toEqual({ status: 0, signal: null, stdout: 'terminated\n'.repeat(5), stderr: '' });
});

test('workers and the main thread at once, all with the same bytes', () => {
  const body = `const { image } = await transform(${LARGE}, { border: 'wrap' }); parentPort.postMessage(image.data.reduce((sum, byte) => sum + byte));`;
  const script = `import { Worker } from 'node:worker_threads';
    import { transform } from ${JSON.stringify(INDEX)};
    const sums = await Promise.all([
      ...[1, 2, 3].map(() => new Promise((resolve, reject) => new Worker(${workerScript(body)}, { eval: true }).on('message', resolve).on('error', reject))),
      transform(${LARGE}, { border: 'wrap' }).then(({ image }) => image.data.reduce((sum, byte) => sum + byte)),
    ]);
    console.log(new Set(sums).size);`;
  expect(runScript(script)).toMatchObject({ status: 0, signal: null, stdout: '1\n' });
});

test('an input nobody else holds survives garbage collection while it is read', () => {
  const script = `import { transform } from ${JSON.stringify(INDEX)};
    const pending = Array.from({ length: 20 }, () => transform(${LARGE}, { passes: 3 }));
    for (let round = 0; round < 20; round++) { gc(); await new Promise((resolve) => setTimeout(resolve, 2)); }
    const results = await Promise.all(pending);
    console.log(new Set(results.map(({ image }) => image.data.join())).size);`;
  expect(runScript(script)).toEqual({ status: 0, signal: null, stdout: '1\n', stderr: '' });
});
