/** The limit: copying the same bytes. No transform can be faster than memory is. */
import { Worker } from 'node:worker_threads';
import type { Candidate } from './candidate.js';
import { CONTROL, type CopyJob, spinUntil } from './copy-worker.js';

const PROGRAM = 'copy of the same bytes';

/** Copies on the calling thread alone, with the C library's memmove. */
export function singleCopy(): Candidate {
  return {
    program: PROGRAM,
    role: 'copy',
    threads: 1,
    run: (input, output) => {
      output.data.set(input.data);
      return undefined;
    },
    isRight: ({ input }, output) => Buffer.compare(input.data, output.data) === 0,
    close: () => {},
  };
}

/**
 * Copies as many bytes with several threads: each its share, in memory of its own, since JavaScript copies memory that
 * threads share word by word, at half the speed. The threads are awake when it begins: this is what the memory can do,
 * without what it costs to wake them.
 */
export async function sharedCopy(byteLength: number, threads: number): Promise<Candidate> {
  const shareLength = Math.ceil(byteLength / threads);
  const control = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(CONTROL).length));
  const workerData: CopyJob = { control, shareLength };
  const workers = Array.from({ length: threads - 1 }, () => {
    return new Worker(new URL('../bench/copy-worker.js', import.meta.url), { workerData });
  });
  await Promise.all(workers.map(awaitReady));
  return {
    program: PROGRAM,
    role: 'copy',
    threads,
    makeReady: () => {
      Atomics.store(control, CONTROL.awake, 0);
      Atomics.store(control, CONTROL.done, 0);
      Atomics.add(control, CONTROL.alarm, 1);
      Atomics.notify(control, CONTROL.alarm);
      spinUntil(control, CONTROL.awake, workers.length);
    },
    run: (input, output) => {
      Atomics.add(control, CONTROL.start, 1);
      output.data.set(input.data.subarray(0, shareLength));
      spinUntil(control, CONTROL.done, workers.length);
      return undefined;
    },
    isRight: ({ input }, output) => {
      const isShareEqual =
        Buffer.compare(input.data.subarray(0, shareLength), output.data.subarray(0, shareLength)) === 0;
      return isShareEqual && Atomics.load(control, CONTROL.equal) === workers.length;
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function awaitReady(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
