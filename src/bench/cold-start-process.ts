/** What cold-start.ts starts: one message in, one out. Imports at the top are types only; the rest counts as opening. */
import { readFile } from 'node:fs/promises';
import type { Raster } from '../image.js';
import type { BackendSpec } from './open-backend.js';
import type { ColdStart } from './result.js';

export interface ColdJob {
  readonly spec: BackendSpec;
  /** A file of raw RGBA without padding. */
  readonly inputPath: string;
  readonly width: number;
  readonly height: number;
}

process.once('message', async (job) => {
  const result = await measureColdStart(job as ColdJob);
  process.send!(result, () => process.disconnect());
});

async function measureColdStart({ spec, inputPath, width, height }: ColdJob): Promise<ColdStart> {
  const input: Raster = { data: await readFile(inputPath), width, height, channels: 4, rowBytes: width * 4 };
  const output: Raster = { ...input, data: new Uint8Array(input.data.length).fill(0) };
  const beginMs = performance.now();
  const { openBackend, runBackend } = await import('./open-backend.js');
  const opened = await openBackend(spec);
  if ('reason' in opened) throw new Error(opened.reason);
  const openedMs = performance.now();
  await runBackend(opened.backend, spec, input, output);
  const firstMs = performance.now() - openedMs;
  opened.backend.dispose();
  return { openMs: openedMs - beginMs, firstMs };
}
