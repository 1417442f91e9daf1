/** Whole processes: that they end by themselves, print nothing, and survive the garbage collector and threads. */
import { spawn } from 'node:child_process';
import { expect, test, vi } from 'vitest';
import { describeOnGpu } from './devices.js';

const DIST = new URL('../../dist/', import.meta.url).href;

/** The compiled library, as users run it; npm test compiles it first. */
const PRELUDE = `
  import { openGpu, listAdapters } from '${DIST}gpu/node-gpu.js';
  import { createImage } from '${DIST}image.js';
  import { transformReference } from '${DIST}reference.js';
  import { makeImage } from '${DIST}conformance/images.js';
  const JOB = { alpha: 'opaque', border: 'wrap', passes: 1 };
  async function open() {
    const opened = await openGpu();
    if ('reason' in opened) throw new Error(opened.reason);
    return opened.transformer;
  }
  async function check(backend, seed = 1) {
    const input = makeImage('noise', 60, 40, 4, seed);
    const [output, expected] = [0, 0].map(() => createImage(60, 40, 4));
    await backend.transform(input, output, JOB);
    transformReference(input, expected, JOB);
    if (Buffer.compare(output.data, expected.data) !== 0) throw new Error('other bytes');
  }
`;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process that has not ended by then hangs, on a busy machine, too. */
const MOST_MS = 120_000;

function runScript(script: string, env: Record<string, string | undefined> = {}): Promise<Ended> {
  const words = ['--expose-gc', '--input-type=module', '--eval', PRELUDE + script];
  const child = spawn(process.execPath, words, { env: { ...process.env, ...env }, timeout: MOST_MS });
  const printed = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) child[stream].on('data', (text) => (printed[stream] += text));
  return new Promise((resolve) =>
    child.on('close', (code, signal) =>
      resolve({ code, signal, ...printed, stderr: printed.stderr.replace(DAWN_WARNINGS, '') }),
    ),
  );
}

/** On Mesa's drivers Dawn itself writes these to standard error when it looks for adapters, which no option of it prevents. */
const DAWN_WARNINGS =
  /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to 16 to fit dynamic offset allocation limit\.\n/gm;

const CLEAN = { code: 0, signal: null, stdout: '', stderr: '' };

describeOnGpu('processes', () => {
  vi.setConfig({ testTimeout: MOST_MS + 10_000 });

  test('transform, dispose: the process ends by itself', async () => {
    const script = 'const backend = await open(); await check(backend); backend.dispose();';
    expect(await runScript(script)).toEqual(CLEAN);
  });

  test('transform, no dispose: the process ends by itself', async () => {
    expect(await runScript('await check(await open());')).toEqual(CLEAN);
  });

  test('open, nothing else', async () => {
    expect(await runScript('await open();')).toEqual(CLEAN);
  });

  test('dispose while transforms are pending', async () => {
    const script = `
      const backend = await open();
      const pending = [1, 2, 3].map((seed) => check(backend, seed).catch((error) => error.code));
      setTimeout(() => backend.dispose(), 3);
      await Promise.all(pending);
    `;
    expect(await runScript(script)).toEqual(CLEAN);
  });

  test('a device that does not answer in time: nobody waits for it, and its late answer is harmless', async () => {
    // One invocation, each step needs the one before: no processor does these 4e9 cycles in under 0.6 seconds.
    const script = `
      function keepBusy(device) {
        const code = \`
          @group(0) @binding(0) var<storage, read_write> value: u32;
          @compute @workgroup_size(1) fn main() {
            var x = value;
            for (var step = 0u; step < 500000000u; step++) { x = (x * 1664525u + 1u) * 22695477u + 1u; }
            value = x;
          }\`;
        const compute = { module: device.createShaderModule({ code }) };
        const pipeline = device.createComputePipeline({ layout: 'auto', compute });
        const buffer = device.createBuffer({ size: 4, usage: 128 /* STORAGE */ });
        const entries = [{ binding: 0, resource: { buffer } }];
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
        pass.dispatchWorkgroups(1);
        pass.end();
        device.queue.submit([encoder.finish()]);
      }
      let isSlow = false;
      const onPhase = (phase, device) => { if (isSlow && phase === 'dispatch') keepBusy(device); };
      const opened = await openGpu({ onPhase });
      const host = opened.transformer;
      process.on('unhandledRejection', (error) => process.stderr.write('unhandled: ' + error));
      await check(host); // compiles
      isSlow = true;
      const input = makeImage('noise', 60, 40, 4, 1);
      const output = createImage(60, 40, 4);
      await host.transform(input, output, JOB, { gpuTimeoutMs: 250 }).catch((error) => process.stdout.write(error.message + '\\n'));
      gc();
      const startMs = performance.now();
      host.dispose();
      if (performance.now() - startMs > 100) throw new Error('dispose waited for the device');
      process.stdout.write(await host.lost);
      if (output.data.some((sample) => sample !== 0)) throw new Error('a late answer was written');
    `;
    expect(await runScript(script)).toEqual({
      ...CLEAN,
      stdout: expect.stringMatching(
        /^GPU failed while computing \(it did not answer for 0\.25 s\)\.\nthe device was destroyed/,
      ),
    });
  });

  test('the garbage collector, with backends in use, disposed of and forgotten', async () => {
    const script = `
      for (let round = 0; round < 6; round++) {
        const backend = await open();
        for (let seed = 0; seed < 5; seed++) { await check(backend, seed); gc(); }
        if (round % 2) backend.dispose();
        await new Promise((resolve) => setTimeout(resolve, 5));
        gc();
      }
    `;
    expect(await runScript(script)).toEqual(CLEAN);
  });

  test('an error of the device that belongs to no call is not printed', async () => {
    const script = `
      const opened = await openGpu({ isUntested: true, onPhase: (phase, device) => {
        if (phase === 'map') queueMicrotask(() => device.createBuffer({ size: 2 ** 50, usage: 8 }));
      } });
      await check(opened.transformer).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (opened.transformer.backend.usable) throw new Error('the error was not noticed');
      opened.transformer.dispose();
    `;
    expect(await runScript(script)).toEqual(CLEAN);
  });

  test('worker threads, each with its own backend, beside the main thread', async () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      const source = ${'`${' + 'JSON.parse(process.env.PRELUDE)' + '}`'} +
        'const backend = await open(); await check(backend); gc(); backend.dispose();';
      const url = new URL('data:text/javascript,' + encodeURIComponent(source));
      const workers = [1, 2].map(() => new Promise((resolve, reject) => {
        new Worker(url).on('error', reject).on('exit', resolve);
      }));
      const backend = await open();
      await check(backend);
      const codes = await Promise.all(workers);
      await check(backend);
      backend.dispose();
      if (codes.some((code) => code !== 0)) throw new Error('a worker failed');
    `;
    expect(await runScript(script, { PRELUDE: JSON.stringify(PRELUDE) })).toEqual(CLEAN);
  });

  test('a driver file that does not exist: a reason, advice, and no crash', async () => {
    const script = `
      const opened = await openGpu();
      const report = await listAdapters();
      process.stdout.write(JSON.stringify({ reason: opened.reason, ...report }));
    `;
    const ended = await runScript(script, { VK_DRIVER_FILES: '/nowhere/icd.json' });
    expect(ended.code).toBe(0);
    const report = JSON.parse(ended.stdout);
    if (process.platform !== 'linux') return;
    expect(ended.stderr).toBe('');
    expect(report.reason).toBe('no Vulkan driver is installed');
    expect(report.adapters).toEqual([]);
    expect(report.advice.join()).toContain('/nowhere/icd.json');
  });

  test('the adapters of this computer', async () => {
    const ended = await runScript('process.stdout.write(JSON.stringify(await listAdapters()));');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ended.stdout).adapters[0]).toMatchObject({
      vendor: expect.any(String),
      software: expect.any(Boolean),
    });
  });
});
