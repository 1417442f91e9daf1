import { type SubjectResult, totalOf } from './result.js';
import type { ConformanceReport } from './run-conformance.js';
import { countText, durationText, failureText, pluralText } from './wording.js';

/** Failures of a backend that are told one by one. */
const TOLD_FAILURES = 5;

/** For a terminal: a table of groups for each backend, its first failures, and the verdict last. No line break at the end. */
export function reportTable(report: ConformanceReport): string {
  return [...report.subjects.map(subjectText), verdictText(report)].join('\n\n');
}

function subjectText(result: SubjectResult): string {
  const title = [result.subject, result.device].filter(Boolean).join(': ');
  if (result.missing !== undefined) return `${title}\n  did not run: ${result.missing}`;
  const rows = [...result.groups, { group: 'all', ...totalOf(result) }].map(
    ({ group, cases, failed, bytes, elapsedMs }) => {
      return [group, countText(cases), countText(failed), countText(bytes), durationText(elapsedMs)];
    },
  );
  return [
    title,
    ...alignColumns([['group', 'cases', 'failed', 'bytes', 'time'], ...rows]),
    ...failureLines(result),
  ].join('\n');
}

function failureLines({ failures }: SubjectResult): string[] {
  const told = failures.slice(0, TOLD_FAILURES).map((failure) => `  ${failure.caseId}: ${failureText(failure)}`);
  const rest = failures.length - told.length;
  return rest > 0 ? [...told, `  and ${pluralText(rest, 'case')} more`] : told;
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
