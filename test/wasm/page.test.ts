/** WebAssembly in a page of a real browser: the suite, workers, what a content security policy forbids, and that the page goes on. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startChromium } from '../../tools/chromium.mjs';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';

const isFast = process.env.NEIGHBOR_PRODUCT_TEST === 'fast';

const ISOLATED = 'isolated';

/** What runs in the page: functions on `window`. */
const PROGRAM = `
  import { transform } from './src/browser.js';
  import { runConformance } from './src/conformance/index.js';

  const large = (width, height) => {
    const data = new Uint8Array(4 * width * height);
    for (let at = 0; at < data.length; at++) data[at] = 255 - ((at * 41) % 97);
    return { data, width, height };
  };
  let sharedMemories = 0;
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(size) {
      super(size);
      if (size.shared) sharedMemories++;
    }
  };
  Object.assign(window, {
    async conformance(threads, quick) {
      const backend = {
        async transform(input, output, operation, run) {
          return transform(input, { ...operation, ...run, output, backend: 'wasm' });
        },
      };
      const { caseIds, reasons, subjects } = await runConformance({ subjects: [{ name: 'wasm', backend, threads }], quick });
      const bytes = subjects[0].groups.reduce((sum, group) => sum + group.bytes, 0);
      return { cases: caseIds.length, bytes, reasons, sharedMemories };
    },
    async once(options, [width, height] = [1500, 800]) {
      const { backend, device, reason } = await transform(large(width, height), options);
      return { backend, device, reason };
    },
    // The longest time between two turns of the page, in milliseconds.
    async longestHold(options, [width, height]) {
      const image = large(width, height);
      const output = { ...image, data: new Uint8Array(image.data.length) };
      await transform(image, { ...options, output });
      let [last, longest, isOver] = [performance.now(), 0, false];
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (!isOver) port2.postMessage(0);
      };
      port2.postMessage(0);
      await transform(image, { ...options, output });
      isOver = true;
      return longest;
    },
  });
`;

const started = await startChromium([]).catch((error: Error) => error);
if (started instanceof Error) {
  if (softwareGpuExists) throw started;
  process.stderr.write(`NOT RUN, for want of a browser (${started.message}): WebAssembly in a page\n`);
}

describe.skipIf(started instanceof Error)('in a page', () => {
  let server: Server;
  let url: string;

  beforeAll(async () => {
    const stdin = { contents: PROGRAM, resolveDir: '.' };
    const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'iife', logLevel: 'error' });
    // A path is a content security policy; with a question mark behind it, the page is isolated from other origins.
    server = createServer(({ url = '' }, response) => {
      if (url === '/program.js') {
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(outputFiles[0].text);
        return;
      }
      const [path, query] = url.slice(1).split('?');
      const policy = decodeURIComponent(path);
      const headers = {
        'Content-Type': 'text/html',
        ...(policy && { 'Content-Security-Policy': policy }),
        ...(query === ISOLATED && {
          'Cross-Origin-Opener-Policy': 'same-origin',
          'Cross-Origin-Embedder-Policy': 'require-corp',
        }),
      };
      response.writeHead(200, headers).end('<!doctype html><script src="/program.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  afterAll(async () => {
    await (started as Browser).close();
    server.close();
  });

  /** Calls a function of the program in a new page. */
  async function call(
    { policy = '', isIsolated = false },
    name: string,
    ...values: readonly unknown[]
  ): Promise<never> {
    const page = await (started as Browser).newPage();
    try {
      await page.goto(url + encodeURIComponent(policy) + (isIsolated ? `?${ISOLATED}` : ''));
      return await page.evaluate(`window.${name}(...${JSON.stringify(values)})`);
    } finally {
      await page.close();
    }
  }

  test.each([
    [1, false],
    [2, false],
    [2, true],
  ])(
    'every byte of the suite is right on %i threads, isolated: %s',
    async (threads, isIsolated) => {
      const answer = await call({ isIsolated }, 'conformance', threads, isFast);
      const { cases, bytes, reasons, sharedMemories } = answer;
      expect(reasons).toEqual([]);
      expect(sharedMemories).toBe(isIsolated ? threads : 0);
      expect(cases).toBeGreaterThan(isFast ? 300 : 2_000);
      expect(bytes).toBeGreaterThan(isFast ? 1_900_000 : 50_000_000);
    },
    300_000,
  );

  test('auto takes it where there is no GPU, with workers for a large image', async () => {
    expect(await call({}, 'once', {}, [100, 100])).toEqual({
      backend: 'wasm',
      device: 'SIMD of 128 bits, 1 thread',
      reason: expect.stringMatching(/^no GPU: /),
    });
    for (const isIsolated of [false, true]) {
      const { device } = await call({ isIsolated }, 'once', { threads: 3 });
      expect(device).toBe('SIMD of 128 bits, 3 threads');
    }
  });

  test("a strict policy needs 'wasm-unsafe-eval' and worker-src blob:", async () => {
    const strict = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'";
    expect(await call({ policy: `${strict}; worker-src blob:` }, 'once', { threads: 2 })).toMatchObject({
      device: 'SIMD of 128 bits, 2 threads',
    });
    expect(await call({ policy: strict }, 'once', { threads: 2 })).toMatchObject({
      backend: 'wasm',
      device: expect.stringMatching(/^SIMD of 128 bits, 1 thread; 2 were wanted, but .*worker-src blob:/),
    });
    const withoutWasm = "default-src 'none'; script-src 'self'";
    expect(await call({ policy: withoutWasm }, 'once', {}, [40, 30])).toMatchObject({
      backend: 'reference',
      reason: expect.stringMatching(/; no WebAssembly kernel: it does not compile here \(/),
    });
  });

  test.each([
    [1, false],
    [2, false],
    [2, true],
  ])(
    'the page is held for less than 50 ms at a time on %i threads, isolated: %s',
    async (threads, isIsolated) => {
      // Other programs may take the processor away: one try of three is enough.
      const holds: number[] = [];
      while (holds.length < 3 && !(holds.at(-1)! < 50)) {
        holds.push(await call({ isIsolated }, 'longestHold', { backend: 'wasm', threads }, [6000, 4000]));
      }
      expect(holds.at(-1), holds.join()).toBeLessThan(50);
    },
    120_000,
  );
});
