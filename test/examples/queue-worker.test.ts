/** Workers as processes, on a Redis of their own where one is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { folderWith, pixelsIn, productOf, testImage } from '../cli/command.js';
import { encodePng } from '../encode-png.js';

const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

const LOCK_MS = 1000;
/** Nothing here takes as long. */
const TIMEOUT_MS = 30_000;

/** Leads the worker's import of the files to failing-files.mjs. */
const HOOKS = `
  export const resolve = (specifier, context, next) =>
    specifier === 'neighbor-product/files' && context.parentURL.endsWith('/examples/queue-worker.js')
      ? { url: ${JSON.stringify(new URL('failing-files.mjs', import.meta.url))}, shortCircuit: true }
      : next(specifier, context);`;
const PRELOAD = dataUrl(`
  import { register } from 'node:module';
  register(${JSON.stringify(dataUrl(HOOKS))});`);

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

interface Program {
  readonly child: ChildProcess;
  /** Its lines so far, of both streams. */
  readonly lines: string[];
  readonly end: Promise<number | null>;
}

describe.skipIf(!hasRedis)('jobs of a queue', () => {
  let redis: ChildProcess;
  let url: string;
  let queue: Queue;
  let name = 0;
  const programs: Program[] = [];

  beforeAll(async () => {
    const port = await freePort();
    const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--maxmemory-policy', 'noeviction'];
    redis = spawn('redis-server', settings, { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] });
    let log = '';
    redis.stdout!.on('data', (text) => {
      log += text;
    });
    await until(() => log.includes('Ready to accept connections'));
    url = `redis://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    redis.kill('SIGKILL');
    await once(redis, 'exit');
  });
  beforeEach(() => {
    queue = new Queue(`test-${++name}`, { connection: { url } });
  });
  afterEach(async () => {
    for (const { child, end } of programs.splice(0)) {
      child.kill('SIGKILL');
      await end;
    }
    await queue.close();
  });

  function start(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
    const file = fileURLToPath(new URL(`../../examples/${script}`, import.meta.url));
    const settings = { QUEUE: queue.name, REDIS_URL: url, LOCK_MS: `${LOCK_MS}`, BACKOFF_MS: '50', WORK_MS: '0' };
    const child = spawn(process.execPath, ['--import', PRELOAD, file, ...args], {
      env: { ...process.env, ...settings, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => lines.push(...String(text).trimEnd().split('\n')));
    }
    const end = new Promise<number | null>((resolve) => child.on('close', resolve));
    const program = { child, lines, end };
    programs.push(program);
    return program;
  }

  async function add(folder: string): Promise<string[]> {
    const { lines, end } = start('queue-add.js', [path.join(folder, 'in'), path.join(folder, 'out')]);
    expect(await end, lines.join('\n')).toBe(0);
    return lines;
  }

  /** As an engine does; after that all its lines are here. */
  async function stop({ child, end, lines }: Program): Promise<void> {
    child.kill('SIGTERM');
    expect(await end, lines.join('\n')).toBe(0);
  }

  async function isDone(): Promise<boolean> {
    const counts = await queue.getJobCounts('wait', 'active', 'delayed');
    return Object.values(counts).every((count) => count === 0);
  }

  test('run, in folders as the inputs are, with the right bytes; a worker told to end does', async () => {
    const inputs = images(['a.png', 'b.png', 'deep/er/c.png']);
    const folder = folderWith({ ...inputs, 'in/notes.txt': 'no image' });
    expect(await add(folder)).toEqual(['3 files']);
    const worker = start('queue-worker.js');
    await until(isDone);
    await stop(worker);
    expectProducts(folder, inputs);
    expect(linesOf(worker, 'done')).toHaveLength(3);
  });

  test('are added once while they wait, and again once they are done', async () => {
    const folder = folderWith(images(['a.png']));
    await add(folder);
    await add(folder);
    expect(await queue.getWaitingCount()).toBe(1);
    const worker = start('queue-worker.js');
    await until(isDone);
    await add(folder);
    await until(() => linesOf(worker, 'done').length === 2);
  });

  test('a bad image fails at once, and the others are done', async () => {
    const inputs = images(['a.png', 'z.png']);
    const folder = folderWith({ ...inputs, 'in/bad.png': 'not an image' });
    await add(folder);
    const worker = start('queue-worker.js');
    await until(isDone);
    await stop(worker);
    const failed = await queue.getFailed();
    expect(failed.map(({ data, attemptsMade, failedReason }) => ({ data, attemptsMade, failedReason }))).toEqual([
      {
        data: { input: path.join(folder, 'in/bad.png'), output: path.join(folder, 'out/bad.png'), options: {} },
        attemptsMade: 1,
        failedReason: expect.stringMatching(/^INVALID_IMAGE: /),
      },
    ]);
    expect(linesOf(worker, 'began').filter((line) => line.includes('bad'))).toHaveLength(1);
    expectProducts(folder, inputs);
  });

  test('a full disk is tried again', async () => {
    const inputs = images(['full.png', 'z.png']);
    const folder = folderWith(inputs);
    await add(folder);
    const worker = start('queue-worker.js');
    await until(isDone);
    await stop(worker);
    expectProducts(folder, inputs);
    expect(linesOf(worker, 'began').filter((line) => line.includes('full'))).toHaveLength(2);
    expect(linesOf(worker, 'failed')).toEqual([expect.stringContaining('no space left on device')]);
    expect(await queue.getFailedCount()).toBe(0);
  });

  test('SIGTERM finishes what is under way, and leaves the rest to others', async () => {
    const inputs = images(['a.png', 'b.png', 'c.png', 'd.png', 'e.png']);
    const folder = folderWith(inputs);
    await add(folder);
    const first = start('queue-worker.js', [], { WORK_MS: '500' });
    await until(() => linesOf(first, 'began').length === 2);
    await stop(first);
    expect(linesOf(first, 'done')).toHaveLength(2);
    expect(await queue.getJobCounts('wait', 'active')).toEqual({ wait: 3, active: 0 });
    start('queue-worker.js');
    await until(isDone);
    expectProducts(folder, inputs);
  });

  test('a worker that is killed loses none', async () => {
    const inputs = images(Array.from({ length: 9 }, (_, at) => `${at}.png`));
    const folder = folderWith(inputs);
    await add(folder);
    const first = start('queue-worker.js', [], { WORK_MS: '500' });
    await until(() => linesOf(first, 'began').length === 4);
    first.child.kill('SIGKILL');
    await first.end;
    expect(await queue.getActiveCount()).toBe(2);
    const second = start('queue-worker.js');
    await until(isDone);
    await stop(second);
    expectProducts(folder, inputs);
    expect(await queue.getFailedCount()).toBe(0);
  });
});

/** Different ones, in the folder `in`. */
function images(names: readonly string[]): Record<string, Uint8Array> {
  return Object.fromEntries(names.map((name, at) => [`in/${name}`, encodePng(testImage(40 + at, 30))]));
}

function expectProducts(folder: string, inputs: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, file] of Object.entries(inputs)) {
    const output = path.join(folder, name.replace('in/', 'out/'));
    expect(existsSync(output), name).toBe(true);
    expect(Buffer.compare(pixelsIn(readFileSync(output)), productOf(file).data), name).toBe(0);
  }
}

function linesOf({ lines }: Program, start: string): string[] {
  return lines.filter((line) => line.startsWith(`${start} `));
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + TIMEOUT_MS; !(await isTrue()); await setTimeout(20)) {
    if (Date.now() > end) throw new Error(`still not: ${isTrue}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
