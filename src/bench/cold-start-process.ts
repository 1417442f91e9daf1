/**
 * The process in which measure.ts times a first result: one message in, one out. Static imports are types only, since
 * loading the code counts as opening.
 */
import { readFile } from 'node:fs/promises';
import type { BackendName } from '../backends.js';
import type { CheckedImage } from '../image.js';
import type { ColdStart } from './result.js';

/** Which backend to open and how to run it. Survives being sent to another process. */
export interface BackendSpec {
  readonly backend: BackendName;
  /** Of the CPU; default the fastest. */
  readonly instructionSet?: string;
  /** Default: the backend decides. */
  readonly threads?: number;
  /** Whether nobody asked for the backend by name. */
  readonly isAutomatic: boolean;
}

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
  const { backend, threads, ...openOptions } = spec;
  const input: CheckedImage = { data: await readFile(inputPath), width, height, channels: 4, rowBytes: width * 4 };
  // Written, so that no page of it is allocated while the transform is timed.
  const output: CheckedImage = { ...input, data: new Uint8Array(input.data.length).fill(0) };
  const startMs = performance.now();
  const { backendEntry } = await import('../backends.js');
  const { DEFAULT_OPERATION } = await import('../options.js');
  const opened = await backendEntry(backend).open(openOptions);
  if (!('transformer' in opened)) throw new Error(opened.reason);
  const { transformer } = opened;
  const openedMs = performance.now();
  if (transformer.transformSync && threads === 1)
    transformer.transformSync(input, output, DEFAULT_OPERATION, { threads });
  else await transformer.transform(input, output, DEFAULT_OPERATION, { threads });
  const endMs = performance.now();
  transformer.dispose();
  return { openMs: openedMs - startMs, firstMs: endMs - openedMs };
}
