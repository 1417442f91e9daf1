/** What is measured: the backends, and what they are measured against, copies of the same bytes and a plain loop. */
import { Worker } from 'node:worker_threads';
import type { Device } from '../backend.js';
import { BACKENDS, type BackendName, type RegisteredBackend } from '../backends.js';
import { NeighborProductError } from '../errors.js';
import type { CheckedImage } from '../image.js';
import { DEFAULT_OPERATION } from '../options.js';
import type { BenchCase } from './cases.js';
import { ALL_BACKENDS, type BenchBackends } from './choices.js';
import { CONTROL, type CopyJob, spinUntil } from './copy-worker.js';
import { type Candidate, measureDevice, startCold } from './measure.js';
import type { MissingProgram } from './result.js';

export interface CandidateOptions {
  readonly backend: BenchBackends;
  /** Every instruction set of this CPU, not only the fastest. */
  readonly everyInstructionSet: boolean;
  /** Thread counts of the CPU backend and of the copy. */
  readonly threadCounts: readonly number[];
}

export interface Candidates {
  readonly candidates: readonly Candidate[];
  readonly missing: readonly MissingProgram[];
}

type OpenDevice = Exclude<Device, { readonly missing: string }>;

/**
 * @param byteLength of the image to copy
 * @throws NeighborProductError with code `BACKEND_UNAVAILABLE` where a backend chosen by name does not open
 */
export async function openCandidates(options: CandidateOptions, byteLength: number): Promise<Candidates> {
  const { backend, threadCounts } = options;
  const ours: Candidate[] = [];
  const missing: MissingProgram[] = [];
  for (const entry of BACKENDS) {
    if (backend !== ALL_BACKENDS && backend !== entry.name) continue;
    for (const device of await openDevices(entry, options)) {
      if (!('missing' in device)) ours.push(...deviceCandidates(entry.name, device, options));
      else if (backend === ALL_BACKENDS) missing.push({ program: programOf(device), reason: device.missing });
      else throw unavailable(entry.name, device.missing);
    }
  }
  const copies = threadCounts.map((threads) => (threads === 1 ? singleCopy() : sharedCopy(byteLength, threads)));
  return { candidates: [...(await Promise.all(copies)), plainJavaScript(), ...ours], missing };
}

/**
 * A backend that can run on the calling thread runs on the CPU, where a device is an instruction set. Others are opened
 * as for a transform: their best device, and software only where it was asked for by name.
 */
async function openDevices(
  entry: RegisteredBackend,
  { backend, everyInstructionSet }: CandidateOptions,
): Promise<readonly Device[]> {
  if (entry.openSync) {
    const devices = await entry.openDevices();
    return everyInstructionSet ? devices : devices.slice(0, 1);
  }
  const device = { name: entry.name, facts: [] };
  const opened = await entry.open({ isAutomatic: backend === ALL_BACKENDS });
  if (!('transformer' in opened)) return [{ ...device, missing: opened.reason }];
  return [{ ...device, transformer: opened.transformer, hasThreads: false }];
}

/** One for each number of threads, where that has an effect. */
function deviceCandidates(entryName: BackendName, device: OpenDevice, options: CandidateOptions): Candidate[] {
  const { name, transformer, hasThreads } = device;
  const instructionSet = name.slice(entryName.length + 1);
  const counts = hasThreads ? options.threadCounts : [transformer.transformSync ? 1 : undefined];
  return counts.map((threads) => {
    const spec = {
      backend: entryName,
      ...(instructionSet && { instructionSet }),
      ...(threads !== undefined && { threads }),
      isAutomatic: options.backend === ALL_BACKENDS,
    };
    return {
      program: programOf(device),
      role: 'ours',
      ...(threads !== undefined && { threads }),
      // One thread is the calling one where that is possible.
      run: (input, output) =>
        transformer.transformSync && threads === 1
          ? transformer.transformSync(input, output, DEFAULT_OPERATION, { threads })
          : transformer.transform(input, output, DEFAULT_OPERATION, { threads }),
      isCorrect: isTransform,
      startCold: (input) => startCold(spec, input),
      measureDevice: (input, output) => measureDevice(transformer, input, output),
      close: () => transformer.dispose(),
    };
  });
}

function programOf({ name }: Device): string {
  return `neighbor-product ${name}`;
}

function unavailable(backend: BackendName, reason: string): NeighborProductError {
  const message = `Cannot measure the ${backend} backend: ${reason}. Run neighbor-product devices to see what is missing.`;
  return new NeighborProductError('BACKEND_UNAVAILABLE', message);
}

/** For every program that computes the transform. */
export function isTransform({ expected }: BenchCase, output: CheckedImage): boolean {
  return Buffer.compare(expected.data, output.data) === 0;
}

const COPY = { program: 'copy of the same bytes', role: 'copy' } as const;

/** Copies on the calling thread, with the C library's memmove. No transform can be faster than memory. */
export function singleCopy(): Candidate {
  return {
    ...COPY,
    threads: 1,
    run: (input, output) => {
      output.data.set(input.data);
      return undefined;
    },
    isCorrect: ({ input }, output) => Buffer.compare(input.data, output.data) === 0,
  };
}

/**
 * Copies as many bytes with several threads. Each copies its share in its own memory, since JavaScript copies shared
 * memory word by word, at half the speed. The threads are awake before the copy begins: its time is the memory's,
 * without the cost of waking them.
 */
async function sharedCopy(byteLength: number, threads: number): Promise<Candidate> {
  const shareLength = Math.ceil(byteLength / threads);
  const control = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * Object.keys(CONTROL).length));
  const workerData: CopyJob = { control, shareLength };
  const workers = Array.from({ length: threads - 1 }, () => {
    return new Worker(new URL('../bench/copy-worker.js', import.meta.url), { workerData });
  });
  await Promise.all(workers.map(awaitReady));
  const shareOf = ({ data }: CheckedImage) => data.subarray(0, shareLength);
  return {
    ...COPY,
    threads,
    prepare: () => {
      Atomics.store(control, CONTROL.awake, 0);
      Atomics.store(control, CONTROL.done, 0);
      Atomics.add(control, CONTROL.alarm, 1);
      Atomics.notify(control, CONTROL.alarm);
      spinUntil(control, CONTROL.awake, workers.length);
    },
    run: (input, output) => {
      Atomics.add(control, CONTROL.start, 1);
      output.data.set(shareOf(input));
      spinUntil(control, CONTROL.done, workers.length);
      return undefined;
    },
    isCorrect: ({ input }, output) => {
      const areWorkersEqual = Atomics.load(control, CONTROL.equal) === workers.length;
      return areWorkersEqual && Buffer.compare(shareOf(input), shareOf(output)) === 0;
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

/** What most people would write first, in JavaScript. */
export function plainJavaScript(): Candidate {
  return {
    program: 'JavaScript double loop',
    role: 'peer',
    threads: 1,
    run: (input, output) => {
      plainLoop(input, output);
      return undefined;
    },
    isCorrect: isTransform,
  };
}

/**
 * The transform of an RGBA image without padding, alpha 255, the border left as it is. Binary64 in the definition's
 * order, so its bytes are the definition's.
 */
export function plainLoop(input: CheckedImage, output: CheckedImage): void {
  const { data: samples, width, height } = input;
  const product = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      let squares = 0;
      for (let c = 0; c < 3; c++) {
        product[c] = 1;
        for (let j = -1; j <= 1; j++) {
          for (let i = -1; i <= 1; i++) product[c] *= samples[((y + j) * width + x + i) * 4 + c] / 255;
        }
        squares += product[c] * product[c];
      }
      const norm = Math.sqrt(squares);
      const to = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) output.data[to + c] = norm === 0 ? 0 : Math.min(product[c] / norm, 1) * 255;
      output.data[to + 3] = 255;
    }
  }
}
