/** Reports as text, for terminals and programs. None ends with a line break: the caller adds it. */
import type { EndlessProgress, EndlessReport } from './endless.js';
import { type ConformanceReport, countOfRun, type Failure, type SubjectResult, totalOf } from './report.js';
import { countText, durationText, EXACT_PIXELS_TEXT, escapeMarkup, failureText, pluralText } from './wording.js';

/** Failures of a backend that the table lists. */
const LISTED_FAILURES = 5;

/** For a terminal: a table of groups for each backend, its first failures, and the verdict last. No line break at the end. */
export function reportTable(report: ConformanceReport): string {
  return [...tablesOf(report), verdictText(report, report.caseIds.length)].join('\n\n');
}

/** The same for an endless run, with the command to go on. No line break at the end. */
export function endlessTable(report: EndlessReport): string {
  return [
    ...tablesOf(report),
    [verdictText(report, report.next - report.from), endlessEndText(report)].join('\n  '),
  ].join('\n\n');
}

/** `12,345,678 bytes equal; next case 1234` */
export function endlessProgressText({ next, bytes }: EndlessProgress): string {
  return `${countText(bytes)} bytes equal; next case ${next}`;
}

function endlessEndText({ seed, from, next, passed }: EndlessReport): string {
  const cases = passed ? `cases ${from} to ${next - 1}, to go on` : `case ${next}, to run it again`;
  return `Seed ${seed}, ${cases}: neighbor-product conformance --endless --seed ${seed} --from ${next}`;
}

function tablesOf({ subjects }: Pick<ConformanceReport, 'subjects'>): string[] {
  const notes = subjects.some(({ groups }) => groups.length > 0) ? [EXACT_PIXELS_TEXT] : [];
  return [...subjects.map(subjectText), ...notes];
}

function subjectText(result: SubjectResult): string {
  const title = [result.subject, result.device].filter(Boolean).join(': ');
  if (result.missing !== undefined) return `${title}\n  not run: ${result.missing}`;
  const rows = [...result.groups, { group: 'all', ...totalOf(result) }].map(
    ({ group, cases, failed, bytes, exactPixels, elapsedMs }) => {
      return [group, ...[cases, failed, bytes, exactPixels].map(countText), durationText(elapsedMs)];
    },
  );
  const columns = alignColumns([['group', 'cases', 'failed', 'bytes', 'exact pixels', 'time'], ...rows]);
  return [title, ...columns, ...failureLines(result)].join('\n');
}

function failureLines({ failures }: SubjectResult): string[] {
  const lines = failures.slice(0, LISTED_FAILURES).map((failure) => `  ${failure.caseId}: ${failureText(failure)}`);
  const rest = failures.length - lines.length;
  return rest > 0 ? [...lines, `  and ${pluralText(rest, 'case')} more`] : lines;
}

/** The first column to the left, the numbers to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
    return `  ${cells.join('  ')}`;
  });
}

type Verdict = Pick<ConformanceReport, 'passed' | 'reasons' | 'notRun' | 'subjects' | 'elapsedMs'>;

function verdictText({ passed, reasons, notRun, subjects, elapsedMs }: Verdict, caseCount: number): string {
  if (!passed) return ['FAILED', ...new Set([...reasons, ...notRun])].join('\n  ');
  const bytes = subjects.reduce((sum, result) => sum + totalOf(result).bytes, 0);
  const extent = `${pluralText(caseCount, 'case')} on ${pluralText(countOfRun(subjects), 'backend')}`;
  const passedText = `PASSED  ${extent}: ${countText(bytes)} bytes compared, all equal, in ${durationText(elapsedMs)}`;
  return [passedText, ...notRun].join('\n  ');
}

/**
 * The whole report as JSON, a row of samples on one line. Any entry of `failures` can be replayed. No line break at the
 * end.
 */
export function reportJson(report: ConformanceReport): string {
  return jsonText(report);
}

/** The same for an endless run. */
export function endlessJson(report: EndlessReport): string {
  return jsonText(report);
}

function jsonText(report: object): string {
  // JSON strings contain no line breaks, so this matches only lists of numbers.
  const numberList = /\[\n[-\d.,\s]+\]/g;
  return JSON.stringify(report, undefined, 2).replace(numberList, (list) => list.replace(/\s+/g, ' '));
}

/**
 * JUnit's XML: a suite for each backend with a test for each case it ran, or one skipped test if it did not run, and a
 * suite of one test, the verdict, which fails where a backend had to run. No line break at the end.
 */
export function reportJunit(report: ConformanceReport): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    verdictXml(report),
    ...report.subjects.map((result) => subjectXml(report, result)),
    '</testsuites>',
  ].join('\n');
}

function verdictXml({ passed, reasons, elapsedMs }: ConformanceReport): string {
  const test = testXml('conformance', 'verdict', passed ? '' : failureXml(reasons.join(' ')));
  return suiteXml('conformance', [test], { failed: passed ? 0 : 1, skipped: 0, elapsedMs });
}

function subjectXml({ caseIds }: ConformanceReport, result: SubjectResult): string {
  if (result.missing !== undefined) {
    const skipped = `<skipped message="${escapeMarkup(`not run: ${result.missing}`)}"/>`;
    const test = testXml(result.subject, 'every case', skipped);
    return suiteXml(result.subject, [test], { failed: 0, skipped: 1, elapsedMs: 0 });
  }
  const failures = new Map<string, Failure>(result.failures.map((failure) => [failure.caseId, failure]));
  const { cases, failed, elapsedMs } = totalOf(result);
  const tests = caseIds.slice(0, cases).map((id) => {
    const failure = failures.get(id);
    return testXml(result.subject, id, failure && failureXml(failureText(failure)));
  });
  return suiteXml(result.subject, tests, { failed, skipped: 0, elapsedMs });
}

interface SuiteCounts {
  readonly failed: number;
  readonly skipped: number;
  readonly elapsedMs: number;
}

function suiteXml(name: string, tests: readonly string[], { failed, skipped, elapsedMs }: SuiteCounts): string {
  const counts = `tests="${tests.length}" failures="${failed}" skipped="${skipped}"`;
  const head = `  <testsuite name="${escapeMarkup(name)}" ${counts} time="${(elapsedMs / 1000).toFixed(3)}">`;
  return [head, ...tests, '  </testsuite>'].join('\n');
}

/** @param outcome an element; empty for a test that passed */
function testXml(className: string, name: string, outcome = ''): string {
  const head = `    <testcase classname="${escapeMarkup(className)}" name="${escapeMarkup(name)}"`;
  return outcome === '' ? `${head}/>` : `${head}>${outcome}</testcase>`;
}

function failureXml(message: string): string {
  return `<failure message="${escapeMarkup(message)}"/>`;
}
