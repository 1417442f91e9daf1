// @ts-check
/**
 * Adds a job for each PNG in a folder, and in the folders below it, to the queue of queue-worker.js:
 *
 *     node examples/queue-add.js photos/ products/
 *
 * A file that waits already, or is under way, is not added again.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { connection, QUEUE } from './queue-worker.js';

/** @typedef {{ input: string, output: string, options?: import('neighbor-product/files').TransformFileOptions }} Task */

/** Milliseconds before the second attempt; each further one waits twice as long. */
const BACKOFF_MS = Number(process.env.BACKOFF_MS ?? 1000);
const WEEK_S = 7 * 24 * 3600;
/** In one message to Redis. */
const BATCH = 1000;

/**
 * @param {string} folder
 * @param {string} outputFolder
 * @param {Task['options']} [options]
 * @returns {Promise<number>} how many files there are
 */
export async function addFolder(folder, outputFolder, options = {}) {
  const names = await readdir(folder, { recursive: true });
  const jobs = names
    .filter((name) => /\.png$/i.test(name))
    .map((name) => jobOf({ input: path.resolve(folder, name), output: path.resolve(outputFolder, name), options }));
  const queue = new Queue(QUEUE, { connection });
  for (let at = 0; at < jobs.length; at += BATCH) await queue.addBulk(jobs.slice(at, at + BATCH));
  await queue.close();
  return jobs.length;
}

/** @param {Task} task */
function jobOf(task) {
  const id = createHash('sha256').update(task.output).digest('hex');
  return {
    name: 'transform',
    data: task,
    opts: {
      deduplication: { id },
      attempts: 8,
      backoff: { type: 'exponential', delay: BACKOFF_MS, jitter: 0.5 },
      removeOnComplete: true,
      removeOnFail: { age: WEEK_S },
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, outputFolder] = process.argv.slice(2);
  if (outputFolder === undefined) throw new Error('Expected a folder and an output folder.');
  process.stdout.write(`${await addFolder(folder, outputFolder)} files\n`);
}
