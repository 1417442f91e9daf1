import { escapeMarkup } from './escape-markup.js';
import { type Failure, type SubjectResult, totalOf } from './result.js';
import type { ConformanceReport } from './run-conformance.js';
import { failureText } from './wording.js';

/**
 * JUnit's XML: a suite for each backend with a test for each case it ran, and a suite of one test, the verdict, so that
 * a backend that did not run fails too.
 */
export function reportJunit(report: ConformanceReport): string {
  const suites = report.subjects.map((result) => suiteXml(report, result));
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    verdictXml(report),
    ...suites,
    '</testsuites>',
  ];
  return `${lines.join('\n')}\n`;
}

function verdictXml({ passed, reasons, elapsedMs }: ConformanceReport): string {
  const test = testXml('conformance', 'verdict', passed ? undefined : reasons.join(' '));
  return wrapSuite('conformance', [test], passed ? 0 : 1, elapsedMs);
}

function suiteXml({ caseIds }: ConformanceReport, result: SubjectResult): string {
  const failures = new Map<string, Failure>(result.failures.map((failure) => [failure.caseId, failure]));
  const { cases, failed, elapsedMs } = totalOf(result);
  const tests = caseIds.slice(0, cases).map((id) => {
    const failure = failures.get(id);
    return testXml(result.subject, id, failure && failureText(failure));
  });
  return wrapSuite(result.subject, tests, failed, elapsedMs);
}

function wrapSuite(name: string, tests: readonly string[], failed: number, elapsedMs: number): string {
  const counts = `tests="${tests.length}" failures="${failed}" time="${(elapsedMs / 1000).toFixed(3)}"`;
  return [`  <testsuite name="${escapeMarkup(name)}" ${counts}>`, ...tests, '  </testsuite>'].join('\n');
}

function testXml(className: string, name: string, failure: string | undefined): string {
  const head = `    <testcase classname="${escapeMarkup(className)}" name="${escapeMarkup(name)}"`;
  return failure === undefined ? `${head}/>` : `${head}><failure message="${escapeMarkup(failure)}"/></testcase>`;
}
