/** What the page does away from its own thread: reading files, transforming, writing files, the conformance suite. */
import { openDevices, type PageResult, type PageTransformOptions, transform } from '../src/browser.js';
import {
  type ConformanceReport,
  type Progress,
  reportHtml,
  reportJson,
  reportTable,
  runConformance,
  type Subject,
} from '../src/conformance/index.js';
import type { CheckedImage } from '../src/image.js';
import { type Served, type ServedCall, serve } from './calls.js';
import { decodeFile } from './decode.js';
import { PngEncoder, type PngShape } from './png.js';

export type TransformSettings = Pick<PageTransformOptions, 'backend' | 'alpha' | 'border' | 'passes'>;

/** A backend that this browser lacks. */
export interface MissingBackend {
  readonly name: string;
  /** Why, and what to do, in sentences. */
  readonly reason: string;
}

/** A report, and the files to save. */
export interface SavedReport {
  readonly report: ConformanceReport;
  readonly html: string;
  readonly json: string;
  readonly text: string;
}

export interface ConformanceSettings {
  readonly quick: boolean;
  readonly version: string;
}

/** Of the file that is written; the page writes one at a time. */
let encoder: PngEncoder | undefined;

const functions = {
  async decode(file: Blob, { move }: ServedCall) {
    const decoded = await decodeFile(file);
    move(decoded.image.data.buffer);
    return decoded;
  },

  async beginEncoding(shape: PngShape): Promise<void> {
    encoder = new PngEncoder(shape);
  },

  /** Rows of RGBA. */
  async encodeRows(rows: Uint8Array): Promise<void> {
    await encoder!.write(rows);
  },

  async endEncoding(): Promise<Blob> {
    const parts = await encoder!.finish();
    encoder = undefined;
    return new Blob(parts, { type: 'image/png' });
  },

  async transform({ image, ...options }: TransformSettings & { image: CheckedImage }, { move, signal }: ServedCall) {
    await open(options.backend);
    const result: PageResult = await transform(image, { ...options, signal });
    move(result.image.data.buffer);
    return result;
  },

  /** The backends that are not there. */
  async survey(): Promise<readonly MissingBackend[]> {
    const devices = await openDevices();
    for (const device of devices) if ('transformer' in device) device.transformer.dispose();
    return devices.flatMap((device) => ('missing' in device ? [{ name: device.name, reason: device.missing }] : []));
  },

  async conformance({ quick, version }: ConformanceSettings, { signal, report }: ServedCall): Promise<SavedReport> {
    const devices = await openDevices();
    try {
      const result = await runConformance({
        subjects: devices.flatMap(subjectsOf),
        facts: [...browserFacts(version), ...devices.flatMap(({ facts }) => facts)],
        quick,
        signal,
        onProgress: throttled(report),
      });
      return { report: result, html: reportHtml(result), json: reportJson(result), text: reportTable(result) };
    } finally {
      for (const device of devices) if ('transformer' in device) device.transformer.dispose();
    }
  },
} satisfies Served;

export type WorkerFunctions = typeof functions;

const opened = new Set<TransformSettings['backend']>();

/** Opens a backend with nine pixels, so that times are those of the transform. What fails will fail again. */
async function open(backend: TransformSettings['backend']): Promise<void> {
  if (opened.has(backend)) return;
  opened.add(backend);
  await transform({ data: new Uint8Array(36), width: 3, height: 3 }, { backend }).catch(() => {});
}

/** A device with each thread count that cuts the work differently. */
function subjectsOf(device: Awaited<ReturnType<typeof openDevices>>[number]): Subject[] {
  const { name } = device;
  if ('missing' in device) return [{ name, missing: device.missing, isOptional: true }];
  const backend = device.transformer;
  if (!device.hasThreads) return [{ name, backend }];
  return [1, Math.max(2, navigator.hardwareConcurrency)].map((threads) => {
    return { name: `${name}, ${threads} thread${threads === 1 ? '' : 's'}`, backend, threads };
  });
}

function browserFacts(version: string) {
  return [
    { name: 'neighbor-product', value: version },
    { name: 'Browser', value: navigator.userAgent },
    { name: 'Processor', value: `${navigator.hardwareConcurrency} threads` },
  ];
}

/** Ten times a second, and at the end. */
function throttled(report: (value: unknown) => void): (progress: Progress) => void {
  let reportedMs = 0;
  return (progress) => {
    if (performance.now() - reportedMs < 100 && progress.doneCases < progress.caseCount) return;
    reportedMs = performance.now();
    report(progress);
  };
}

serve(functions);
