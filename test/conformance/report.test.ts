/** Every report of a passing and of a failing run, and replaying from one. */
import { beforeAll, describe, expect, test } from 'vitest';
import { claimsOf } from '../../src/conformance/claims.js';
import {
  type ConformanceReport,
  parseReplayRecord,
  replayOptions,
  type SubjectResult,
  totalOf,
} from '../../src/conformance/report.js';
import { reportHtml } from '../../src/conformance/report-html.js';
import { reportJson, reportJunit, reportTable } from '../../src/conformance/report-text.js';
import { runConformance } from '../../src/conformance/suite.js';
import { referenceTransformer } from '../../src/reference.js';
import { makeFailingReport, makePassingReport, reference, subjectOf } from './subjects.js';

let passing: ConformanceReport;
let failing: ConformanceReport;
const withExactPixels = (result: SubjectResult): SubjectResult => ({
  ...result,
  groups: result.groups.map((group) => ({ ...group, exactPixels: 1234 })),
});
const countOf = (text: string, part: string) => text.split(part).length - 1;

beforeAll(async () => {
  passing = await makePassingReport();
  failing = await makeFailingReport();
});

test('the runs are what these tests take them for', () => {
  expect([passing.passed, failing.passed]).toEqual([true, false]);
  expect(failing.reasons).toHaveLength(5);
});

test.each([
  ['JSON', reportJson],
  ['JUnit', reportJunit],
  ['table', reportTable],
])('%s leaves the last line break to the caller', (_, render) => {
  for (const report of [passing, failing]) expect(render(report)).toMatch(/\S$/);
});

describe('JSON', () => {
  test('holds the whole report', () => {
    expect(JSON.parse(reportJson(passing))).toEqual(passing);
    expect(JSON.parse(reportJson(failing))).toEqual(failing);
  });

  test('leaves text that looks like a list of numbers alone', () => {
    const facts = [{ name: 'odd', value: '[\n  1,\n  2\n]' }];
    expect(JSON.parse(reportJson({ ...passing, facts })).facts).toEqual(facts);
  });
});

describe('JUnit', () => {
  test('has a test for each case of each backend, and the verdict', () => {
    const xml = reportJunit(passing);
    expect(countOf(xml, '<testcase ')).toBe(1 + passing.caseIds.length * 2);
    expect(countOf(xml, '<failure ')).toBe(0);
    expect(xml).toContain('name="again &lt;&amp;&gt;"');
  });

  test('has a failure for each failed case, and fails for a backend that did not run', () => {
    const xml = reportJunit(failing);
    const failed = failing.subjects.reduce((sum, subject) => sum + totalOf(subject).failed, 0);
    expect(failed).toBeGreaterThan(failing.caseIds.length);
    expect(countOf(xml, '<failure ')).toBe(failed + 1);
    expect(xml).toMatch(/name="verdict"><failure message="[^"]*gpu was not run: no adapter answers/);
    expect(xml).toContain('message="The backend threw: lost &lt;device&gt;"');
  });

  test('fails where nothing ran', async () => {
    const nothing = await runConformance({ subjects: [reference], filter: 'no such case' });
    expect(countOf(reportJunit(nothing), '<failure ')).toBe(1);
  });
});

describe('table', () => {
  test('of a passing run ends with the verdict and what was compared', () => {
    const lines = reportTable(passing).split('\n');
    const bytes = passing.subjects.reduce((sum, subject) => sum + totalOf(subject).bytes, 0);
    expect(lines.at(-1)).toMatch(/^PASSED {2}8 cases on 2 backends: /);
    expect(lines.at(-1)).toContain(`${bytes.toLocaleString('en-GB')} bytes compared, all equal`);
    expect(lines[0]).toBe('reference: binary64 TypeScript, 1 thread');
  });

  test('counts exact pixels and explains them once', () => {
    const text = reportTable({ ...passing, subjects: passing.subjects.map(withExactPixels) });
    expect(text).toMatch(/^ {2}group +cases +failed +bytes +exact pixels +time$/m);
    expect(text).toMatch(/^ {2}border +\d+ +0 +[\d,]+ +1,234 /m);
    expect(countOf(text, 'computed in binary64')).toBe(1);
  });

  test('has its columns under each other', () => {
    const lines = reportTable(passing).split('\n\n')[0].split('\n').slice(1);
    expect(lines.length).toBeGreaterThan(2);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
  });

  test('of a failing run names each reason and a few failures', () => {
    const text = reportTable(failing);
    for (const reason of failing.reasons) expect(text).toContain(reason);
    const [failure] = failing.subjects[1].failures;
    expect(text).toContain(failure.caseId);
    expect(text).toContain('not run: no adapter answers');
    expect(text).toContain('cases more');
  });
});

describe('the claims', () => {
  const holds = (report: ConformanceReport) => claimsOf(report).map((claim) => claim.holds);

  test('hold in a passing run, as far as it has cases; two take more than a run', () => {
    expect(holds(passing)).toEqual([true, true, undefined, undefined]);
  });

  test('of a failing run do not, each for its own groups', async () => {
    expect(holds(failing)).toEqual([false, false, false, false, undefined, undefined]);
    const spoiling = subjectOf('spoils the input', async (input, output, operation) => {
      const computed = await referenceTransformer.transform(input, output, operation);
      if (input.rowBytes > input.width * input.channels) input.data[0] ^= 1;
      return computed;
    });
    const report = await runConformance({ subjects: [spoiling], quick: true });
    expect(holds(report)).toEqual([false, true, true, false, undefined, undefined]);
    expect(claimsOf(report)[3].evidence).toMatch(/^memory and overlap; \d+ of \d+ cases failed$/);
  });

  test('are checked by commands for every group that ran, with the seed of the run', async () => {
    const report = await runConformance({ subjects: [reference], quick: true, seed: 7 });
    expect(claimsOf(report).map(({ command }) => command)).toEqual([
      'neighbor-product conformance --quick --seed 7',
      'neighbor-product conformance --filter kind/ --seed 7',
      'neighbor-product conformance --filter border/ --seed 7',
      'neighbor-product conformance --filter memory/ --seed 7; neighbor-product conformance --filter overlap/ --seed 7',
      'neighbor-product conformance --quick --seed 7',
      'npm run prove',
    ]);
  });

  test('of a run of nothing are none', async () => {
    expect(claimsOf(await runConformance({ subjects: [reference], filter: 'no such case' }))).toEqual([]);
  });
});

describe('HTML', () => {
  test('needs nothing but itself', () => {
    for (const report of [passing, failing]) {
      expect(reportHtml(report)).not.toMatch(/<script|<link|<img|src=|href="(?!#)|url\(|@import/);
    }
  });

  test('escapes what others wrote', () => {
    expect(reportHtml(passing)).toContain('again &lt;&amp;&gt;');
    expect(reportHtml(failing)).toContain('lost &lt;device&gt;');
    expect(reportHtml(failing)).not.toContain('<device>');
  });

  test('says verdict, facts, hashes, groups and backends', () => {
    const html = reportHtml(passing);
    expect(html).toContain('</svg> Passed</h1>');
    for (const text of ['none &amp; nothing', passing.corpusHash, passing.date, 'border', 'reference']) {
      expect(html).toContain(text);
    }
    expect(html).not.toContain('<article>');
  });

  test('counts exact pixels and explains them once', () => {
    const html = reportHtml({ ...passing, subjects: passing.subjects.map(withExactPixels) });
    expect(countOf(html, ' bytes, 1,234 exact pixels, ')).toBe(passing.subjects.length);
    expect(countOf(html, 'computed in binary64')).toBe(1);
  });

  test('leads from each claim to its evidence', () => {
    for (const report of [passing, failing]) {
      const html = reportHtml(report);
      const claims = claimsOf(report);
      expect(countOf(html, '<td><a href="#')).toBe(claims.length);
      for (const { section, command } of claims) {
        expect(countOf(html, `id="${section}"`)).toBe(1);
        expect(html).toContain(`<code>${command.replaceAll("'", '&#39;')}</code>`);
      }
    }
    expect(countOf(reportHtml(failing), 'docs/drivers.md')).toBe(1);
    expect(reportHtml(passing)).not.toContain('docs/drivers.md');
  });

  test('shows a failing case with images and record', () => {
    const html = reportHtml(failing);
    expect(html).toContain('</svg> Failed</h1>');
    for (const reason of failing.reasons) expect(html).toContain(reason);
    for (const image of ['input', 'expected', 'actual', 'difference', 'whole image', 'the nine neighbours']) {
      expect(html).toContain(`<figcaption>${image}</figcaption>`);
    }
    expect(html).toContain(`&quot;caseId&quot;:&quot;${failing.subjects[1].failures[0].caseId}&quot;`);
    expect(html).toContain('not run');
  });

  test('of a run of nothing is a failure too', async () => {
    expect(reportHtml(await runConformance({ subjects: [], filter: 'none' }))).toContain('No case was selected.');
  });
});

describe('a replay record', () => {
  test('is read from one failure', () => {
    expect(parseReplayRecord('{"caseId":"random/007","seed":5,"subject":"gpu"}')).toEqual({
      caseId: 'random/007',
      seed: 5,
      subject: 'gpu',
    });
  });

  test('is the first failure of a report', () => {
    const { caseId, seed, subject } = failing.subjects.flatMap(({ failures }) => failures)[0];
    expect(parseReplayRecord(JSON.stringify(failing))).toEqual({ caseId, seed, subject });
  });

  test('may have fields of another version', () => {
    const old = '{"caseId":"random/007","seed":5,"subject":"gpu","mismatch":{"place":"sample","expected":1,"got":2}}';
    expect(parseReplayRecord(old)).toEqual({ caseId: 'random/007', seed: 5, subject: 'gpu' });
  });

  test('selects its case with its seed', () => {
    expect(replayOptions({ caseId: 'random/007', seed: 5 })).toEqual({ id: 'random/007', seed: 5 });
  });

  test.each(['', 'no JSON', 'null', '3', '[]', '{}', '{"caseId":"a"}', '{"caseId":"a","seed":"1"}', '{"subjects":[]}'])(
    'is not %j',
    (json) => {
      expect(() => parseReplayRecord(json)).toThrow(
        expect.objectContaining({ code: 'INVALID_OPTION', message: expect.stringContaining('caseId') }),
      );
    },
  );

  test.each(['{"subjects":3}', '{"subjects":[null]}', '{"subjects":[{"failures":[3]}]}'])(
    'is not %j either',
    (json) => {
      expect(() => parseReplayRecord(json)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }));
    },
  );
});
