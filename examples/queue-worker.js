// @ts-check
/**
 * A worker for a queue that never ends: takes jobs that name an input and an output, from BullMQ on Redis.
 *
 *     npm install bullmq ioredis
 *     node examples/queue-worker.js                        # as many as you like, on every machine that sees the files
 *     node examples/queue-add.js photos/ products/         # a job for each PNG in a folder
 *
 * SIGTERM: takes no more jobs, finishes those under way, ends. A worker that is killed loses nothing: another one takes
 * its jobs LOCK_MS later, and a job that runs twice writes the same bytes.
 */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnrecoverableError, Worker } from 'bullmq';
import { NeighborProductError } from 'neighbor-product';
import { transformFile } from 'neighbor-product/files';

const { env } = process;

export const QUEUE = env.QUEUE ?? 'neighbor-product';
export const connection = { url: env.REDIS_URL ?? 'redis://127.0.0.1:6379' };

/** Images at the same time. Each transform uses every core; a second one is read and written meanwhile. */
const CONCURRENCY = Number(env.CONCURRENCY ?? 2);
/** Milliseconds until a job of a worker that is gone is taken by another. A worker that lives renews its locks. */
const LOCK_MS = Number(env.LOCK_MS ?? 30_000);

export function startWorker() {
  const worker = new Worker(QUEUE, work, {
    connection,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: LOCK_MS,
    maxStalledCount: 5, // then the image itself is what kills workers
  });
  worker.on('completed', (job) => process.stdout.write(`done ${job.data.output}\n`));
  worker.on('failed', (job, { message }) => process.stderr.write(`failed ${job?.data.input}: ${message}\n`));
  worker.on('error', ({ message }) => process.stderr.write(`queue: ${message}\n`)); // it connects again by itself
  // A second signal ends the process at once.
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => worker.close());
  return worker;
}

/** @param {import('bullmq').Job<import('./queue-add.js').Task>} job */
async function work({ data: { input, output, options } }) {
  try {
    await mkdir(path.dirname(output), { recursive: true });
    return await transformFile(input, output, options);
  } catch (error) {
    if (!(error instanceof NeighborProductError) || error.isTemporary) throw error; // tried again, with backoff
    throw new UnrecoverableError(`${error.code}: ${error.message}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) startWorker();
