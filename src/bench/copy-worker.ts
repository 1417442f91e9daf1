/**
 * A thread of the shared copy in candidates.ts. In every round it sleeps until the alarm, spins until the start and
 * copies its share; it runs until it is terminated.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

/** Indices in {@link CopyJob.control}. */
export const CONTROL = {
  /** Incremented to wake the workers. */
  alarm: 0,
  /** Number of workers that are awake and wait for the start. */
  awake: 1,
  /** Incremented to start the copying. */
  start: 2,
  /** Number of workers that have copied their share. */
  done: 3,
  /** Number of workers whose first copy compared equal. */
  equal: 4,
} as const;

export interface CopyJob {
  readonly control: Int32Array;
  readonly shareLength: number;
}

if (!isMainThread) copyEveryRound(workerData);

function copyEveryRound({ control, shareLength }: CopyJob): void {
  const input = new Uint8Array(shareLength).fill(0xa5);
  const output = new Uint8Array(shareLength).fill(0);
  parentPort!.postMessage('ready');
  for (let round = 0; ; round++) {
    Atomics.wait(control, CONTROL.alarm, round);
    Atomics.add(control, CONTROL.awake, 1);
    spinUntil(control, CONTROL.start, round + 1);
    output.set(input);
    if (round === 0 && Buffer.compare(input, output) === 0) Atomics.add(control, CONTROL.equal, 1);
    Atomics.add(control, CONTROL.done, 1);
  }
}

/** Keeps the core busy: falling asleep and waking would take longer than a copy. */
export function spinUntil(control: Int32Array, index: number, value: number): void {
  while (Atomics.load(control, index) < value);
}
