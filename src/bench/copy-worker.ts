/** A thread of copy.ts: sleeps until the alarm, is awake until the start, copies its share; until it is terminated. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';

/** Places in {@link CopyJob.control}. */
export const CONTROL = {
  /** One more wakes the workers. */
  alarm: 0,
  /** Workers that are awake and wait for the start. */
  awake: 1,
  /** One more starts the copying. */
  start: 2,
  /** Workers that have copied their share. */
  done: 3,
  /** Workers whose first copy was found equal, byte by byte. */
  equal: 4,
} as const;

export interface CopyJob {
  readonly control: Int32Array;
  readonly shareLength: number;
}

if (!isMainThread) copyEveryRound(workerData);

function copyEveryRound({ control, shareLength }: CopyJob): void {
  const source = new Uint8Array(shareLength).fill(0xa5);
  const destination = new Uint8Array(shareLength).fill(0);
  parentPort!.postMessage('ready');
  for (let round = 0; ; round++) {
    Atomics.wait(control, CONTROL.alarm, round);
    Atomics.add(control, CONTROL.awake, 1);
    spinUntil(control, CONTROL.start, round + 1);
    destination.set(source);
    if (round === 0 && Buffer.compare(source, destination) === 0) Atomics.add(control, CONTROL.equal, 1);
    Atomics.add(control, CONTROL.done, 1);
  }
}

/** Keeps the core busy: falling asleep and waking would take longer than a copy. */
export function spinUntil(control: Int32Array, place: number, value: number): void {
  while (Atomics.load(control, place) < value);
}
