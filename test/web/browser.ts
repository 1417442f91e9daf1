/** The built page in a real browser. Where one is known to run, a browser that does not start is a failure; elsewhere it is said aloud. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, describe } from 'vitest';
import { startChromium } from '../../tools/chromium.mjs';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { buildPage } from '../../tools/web.mjs';

const started = await startChromium().catch((error: Error) => error);
if (started instanceof Error && softwareGpuExists) throw started;

/** With WebGPU on a software device. */
const browser = started as Browser;
afterAll(() => (started instanceof Error ? undefined : started.close()));

/** `describe` for what needs a browser. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (started instanceof Error) process.stderr.write(`NOT RUN, for want of a browser (${started.message}): ${name}\n`);
  describe.skipIf(started instanceof Error)(name, tests);
}

/** Starts a browser that is closed after the tests of the file. */
export async function startBrowser(flags: readonly string[]): Promise<Browser> {
  const other = await startChromium(flags);
  afterAll(() => other.close());
  return other;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.wasm': 'application/wasm',
};

/** A server as simple as one can be: files of a folder below a path, and no header but their type. */
export interface StaticServer {
  /** Of the page. */
  readonly url: string;
  readonly port: number;
  /** What was asked for, from newest to oldest. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Builds the page, and serves it below a path. */
export async function serveBuiltPage(): Promise<StaticServer> {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-page-'));
  await buildPage(folder);
  const server = await serveFolder(folder, '/some/folder/');
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  return server;
}

/** @param below the path that stands for the folder */
export async function serveFolder(folder: string, below: string): Promise<StaticServer> {
  const requests: string[] = [];
  const server: Server = createServer(({ url = '' }, response) => {
    requests.unshift(url);
    const { pathname } = new URL(url, 'http://localhost');
    const name = pathname.startsWith(below) ? pathname.slice(below.length) || 'index.html' : '';
    try {
      const content = readFileSync(path.join(folder, path.normalize(`/${name}`)));
      response.writeHead(200, { 'Content-Type': TYPES[path.extname(name)] ?? 'application/octet-stream' }).end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  return { url: `http://127.0.0.1:${port}${below}`, port, requests, close };
}

/** A page of its own, and what went wrong in it. */
export interface OpenedPage {
  readonly page: Page;
  /** Messages of the console that are warnings or errors, and errors that nobody caught. */
  readonly complaints: string[];
}

export interface PageSettings extends BrowserContextOptions {
  readonly in?: Browser;
  /** JavaScript that runs in the worker before its own. */
  readonly beforeWorker?: string;
}

/** Opens an address in a context of its own: a first visit, which no service worker answers. */
export async function openPage(
  url: string,
  { in: where = browser, beforeWorker, ...options }: PageSettings = {},
): Promise<OpenedPage> {
  const context = await where.newContext(options);
  if (beforeWorker !== undefined) {
    await context.route('**/worker-*.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `${beforeWorker};\n${await response.text()}` });
    });
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'warning' || message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

/** Waits until the product of the shown picture is there. */
export async function productDone(page: Page): Promise<void> {
  await page.waitForSelector('#result .time');
  await page.waitForSelector('#figure:not([aria-busy])');
}

/** What the button gives, decoded. */
export async function download(page: Page): Promise<{ name: string; width: number; height: number; data: Uint8Array }> {
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#download')]);
  const { width, height, data } = PNG.sync.read(readFileSync(await file.path()));
  return { name: file.suggestedFilename(), width, height, data };
}

/** The fields of a trace's event that are used. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds on a core, whatever else the machine did meanwhile. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * Records the tasks of the page's own thread.
 *
 * @returns ends the recording, and gives the time that the longest one took on a core, in milliseconds
 */
export async function recordTasks(page: Page): Promise<() => Promise<number>> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] });
  return async () => {
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { traceEvents: TraceEvent[] };
    const isMain = ({ name, args }: TraceEvent) => name === 'thread_name' && args.name === 'CrRendererMain';
    const threads = new Set(traceEvents.filter(isMain).map(({ pid, tid }) => `${pid} ${tid}`));
    const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && threads.has(`${pid} ${tid}`));
    return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
  };
}
