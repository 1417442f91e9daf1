/** Reports as text, for terminals and programs. None ends with a line break: the caller adds it. */
import { type ConformanceReport, type Failure, type SubjectResult, totalOf } from './report.js';
import { countText, durationText, EXACT_PIXELS_TEXT, escapeMarkup, failureText, pluralText } from './wording.js';

/** Failures of a backend that the table lists. */
const LISTED_FAILURES = 5;

/** For a terminal: a table of groups for each backend, its first failures, and the verdict last. No line break at the end. */
export function reportTable(report: ConformanceReport): string {
  const tables = report.subjects.map(subjectText);
  const notes = report.subjects.some(({ groups }) => groups.length > 0) ? [EXACT_PIXELS_TEXT] : [];
  return [...tables, ...notes, verdictText(report)].join('\n\n');
}

function subjectText(result: SubjectResult): string {
  const title = [result.subject, result.device].filter(Boolean).join(': ');
  if (result.missing !== undefined) return `${title}\n  did not run: ${result.missing}`;
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

function verdictText({ passed, reasons, subjects, caseIds, elapsedMs }: ConformanceReport): string {
  if (!passed) return ['FAILED', ...reasons.map((reason) => `  ${reason}`)].join('\n');
  const bytes = subjects.reduce((sum, result) => sum + totalOf(result).bytes, 0);
  const extent = `${pluralText(caseIds.length, 'case')} on ${pluralText(subjects.length, 'backend')}`;
  return `PASSED  ${extent}: ${countText(bytes)} bytes compared, all equal, in ${durationText(elapsedMs)}`;
}

/**
 * The whole report as JSON, a row of samples on one line. Any entry of `failures` can be replayed. No line break at the
 * end.
 */
export function reportJson(report: ConformanceReport): string {
  // JSON strings contain no line breaks, so this matches only lists of numbers.
  const numberList = /\[\n[-\d.,\s]+\]/g;
  return JSON.stringify(report, undefined, 2).replace(numberList, (list) => list.replace(/\s+/g, ' '));
}

/**
 * JUnit's XML: a suite for each backend with a test for each case it ran, and a suite of one test, the verdict, so that
 * a backend that did not run fails too. No line break at the end.
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
  const test = testXml('conformance', 'verdict', passed ? undefined : reasons.join(' '));
  return suiteXml('conformance', [test], passed ? 0 : 1, elapsedMs);
}

function subjectXml({ caseIds }: ConformanceReport, result: SubjectResult): string {
  const failures = new Map<string, Failure>(result.failures.map((failure) => [failure.caseId, failure]));
  const { cases, failed, elapsedMs } = totalOf(result);
  const tests = caseIds.slice(0, cases).map((id) => {
    const failure = failures.get(id);
    return testXml(result.subject, id, failure && failureText(failure));
  });
  return suiteXml(result.subject, tests, failed, elapsedMs);
}

function suiteXml(name: string, tests: readonly string[], failed: number, elapsedMs: number): string {
  const counts = `tests="${tests.length}" failures="${failed}" time="${(elapsedMs / 1000).toFixed(3)}"`;
  return [`  <testsuite name="${escapeMarkup(name)}" ${counts}>`, ...tests, '  </testsuite>'].join('\n');
}

function testXml(className: string, name: string, failure: string | undefined): string {
  const head = `    <testcase classname="${escapeMarkup(className)}" name="${escapeMarkup(name)}"`;
  return failure === undefined ? `${head}/>` : `${head}><failure message="${escapeMarkup(failure)}"/></testcase>`;
}
