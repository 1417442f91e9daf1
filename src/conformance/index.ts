/**
 * What tests a backend of one's own, in Node and in a browser: the suite behind the command `conformance`. Every byte is
 * compared with the definition; there is no tolerance.
 *
 * @example
 * ```ts
 * import { reportTable, runConformance } from 'neighbor-product/conformance';
 *
 * const backend = {
 *   async transform(input, output, { alpha, border, passes }) {
 *     // Writes the transform of input.data into output.data; rows are rowBytes apart.
 *     return { device: 'what it ran on', pixelsRedone: 0 };
 *   },
 * };
 * const report = await runConformance({ subjects: [{ name: 'mine', backend }], quick: true });
 * console.log(reportTable(report));
 * process.exitCode = report.passed ? 0 : 1;
 * ```
 *
 * @module neighbor-product/conformance
 */
export type { Run } from '../backend.js';
export type { Raster } from '../image.js';
export type { AlphaMode, BorderMode, Job, Operation } from '../options.js';
export { type Case, type CaseSelection, DEFAULT_SEED, type Fixtures, type ImageSource, listCases } from './cases.js';
export type { Mismatch, PixelPlace, Place } from './compare.js';
export type { Crop, DifferenceMap, Evidence } from './evidence.js';
export type { ImageKind } from './images.js';
export type { Layout, Size } from './placements.js';
export { reportHtml } from './report-html.js';
export { reportJson } from './report-json.js';
export { reportJunit } from './report-junit.js';
export { reportTable } from './report-table.js';
export type { Failure, GroupResult, SubjectResult } from './result.js';
export {
  type ConformanceOptions,
  type ConformanceReport,
  type Fact,
  parseReplayRecord,
  type ReplayRecord,
  replayOptions,
  runConformance,
} from './run-conformance.js';
export type { Progress, SuiteOptions } from './run-suite.js';
export type { Subject, TestedBackend } from './tally.js';
