/** How long the first result takes: a process of its own, in which nothing has been loaded or compiled. */
import { fork } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Raster } from '../image.js';
import type { ColdJob } from './cold-start-process.js';
import type { BackendSpec } from './open-backend.js';
import type { ColdStart } from './result.js';

/**
 * Opens the backend and transforms the image once, both timed there: starting Node and reading the image are not part.
 *
 * @throws Error where the process ends without a result
 */
export async function startCold(spec: BackendSpec, { data, width, height }: Raster): Promise<ColdStart> {
  const folder = await mkdtemp(path.join(tmpdir(), 'neighbor-product-bench-'));
  try {
    const inputPath = path.join(folder, 'input.rgba');
    await writeFile(inputPath, data);
    return await askProcess({ spec, inputPath, width, height });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function askProcess(job: ColdJob): Promise<ColdStart> {
  const child = fork(new URL('../bench/cold-start-process.js', import.meta.url));
  return new Promise((resolve, reject) => {
    child.once('message', (result) => resolve(result as ColdStart));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The process for a cold start ended with exit code ${code}.`)));
    child.send(job);
  });
}
