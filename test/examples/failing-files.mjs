/**
 * `neighbor-product/files`, as examples/queue-worker.js sees it in its test: each file takes a while, so that a worker can
 * be killed in the middle of one, and the first attempt at a name with `full` in it meets a full disk.
 */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { NeighborProductError } from 'neighbor-product';
import { transformFile as transform } from 'neighbor-product/files';

const WORK_MS = Number(process.env.WORK_MS);

export async function transformFile(input, output, options) {
  process.stdout.write(`began ${output}\n`);
  await setTimeout(WORK_MS);
  const tried = `${input}.tried`;
  if (path.basename(input).includes('full') && !existsSync(tried)) {
    writeFileSync(tried, '');
    const cause = Object.assign(new Error(), { code: 'ENOSPC' });
    throw new NeighborProductError('OUTPUT_UNWRITABLE', 'no space left on device', { cause });
  }
  return transform(input, output, options);
}
