/**
 * Tests your own backend, in Node and in a browser: the suite behind the command `conformance`. Every byte is compared
 * with the definition; there is no tolerance.
 *
 * @example
 * ```ts
 * import { reportTable, runConformance } from 'neighbor-product/conformance';
 *
 * const backend = {
 *   async transform(input, output, { alpha, border, passes }) {
 *     // Writes the transform of input.data into output.data; rows are rowBytes apart.
 *     return { device: 'what it ran on', exactPixels: 0 };
 *   },
 * };
 * const report = await runConformance({ subjects: [{ name: 'mine', backend }], quick: true });
 * console.log(reportTable(report));
 * process.exitCode = report.passed ? 0 : 1;
 * ```
 *
 * @module neighbor-product/conformance
 */
export type { Computed, Fact, Transformer } from '../backend.js';
export type { CheckedImage } from '../image.js';
export type { AlphaMode, Operation, RunOptions } from '../options.js';
export type { BorderMode } from '../regions.js';
export { type Case, type CaseSelection, DEFAULT_SEED, type Fixtures, type ImageSource, listCases } from './cases.js';
export type { Crop, DifferenceMap, Evidence, Mismatch, MismatchPlace, PixelPlace } from './compare.js';
export type { ImageKind } from './images.js';
export type { ImageShape, Layout } from './placements.js';
export {
  type ConformanceReport,
  type Failure,
  type GroupResult,
  parseReplayRecord,
  type ReplayRecord,
  replayOptions,
  type SubjectResult,
} from './report.js';
export { reportHtml } from './report-html.js';
export { reportJson, reportJunit, reportTable } from './report-text.js';
export type { Subject, TestedBackend } from './subject.js';
export {
  type ConformanceOptions,
  type Progress,
  runConformance,
  type SuiteOptions,
} from './suite.js';
