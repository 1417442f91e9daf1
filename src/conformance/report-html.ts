/** The report people look at and send: one page that needs nothing else, no script, light and dark, phone and desk. */
import { GROUP_TITLES } from './case-groups.js';
import { escapeMarkup } from './escape-markup.js';
import { failuresHtml } from './report-html-failures.js';
import { STYLE } from './report-html-style.js';
import { type SubjectResult, totalOf } from './result.js';
import type { ConformanceReport } from './run-conformance.js';
import { countText, durationText, pluralText } from './wording.js';

/** A complete HTML document. */
export function reportHtml(report: ConformanceReport): string {
  const title = `${report.passed ? 'Passed' : 'Failed'}: neighbor-product conformance`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${verdictHtml(report)}
${subjectsHtml(report)}
${groupsHtml(report)}
${failuresHtml(report)}
${factsHtml(report)}
</main>
</body>
</html>
`;
}

function verdictHtml({ passed, reasons, subjects, caseIds, elapsedMs }: ConformanceReport): string {
  const bytes = subjects.reduce((sum, result) => sum + totalOf(result).bytes, 0);
  const sentences = passed ? ['Every byte of every case equals the definition, on every backend.'] : reasons;
  const figures = [
    [subjects.length === 1 ? 'backend' : 'backends', countText(subjects.length)],
    [subjects.length === 1 ? 'cases' : 'cases on each', countText(caseIds.length)],
    ['bytes compared', countText(bytes)],
    ['in all', durationText(elapsedMs)],
  ];
  return `<header class="${passed ? 'pass' : 'fail'}">
<p class="product">neighbor-product conformance</p>
<h1>${markHtml(passed)} ${passed ? 'Passed' : 'Failed'}</h1>
${sentences.map((sentence) => `<p>${escapeMarkup(sentence)}</p>`).join('\n')}
<dl>${figures.map(([name, figure]) => `<div><dt>${name}</dt><dd>${figure}</dd></div>`).join('')}</dl>
</header>`;
}

function markHtml(passed: boolean): string {
  const path = passed ? 'M5 12.5l4.5 4.5L19 7.5' : 'M6.5 6.5l11 11M17.5 6.5l-11 11';
  return `<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><path d="${path}"/></svg>`;
}

function subjectsHtml({ subjects }: ConformanceReport): string {
  return `<section>
<h2>Backends</h2>
<ol class="subjects">${subjects.map(subjectHtml).join('\n')}</ol>
</section>`;
}

function subjectHtml(result: SubjectResult, index: number): string {
  const { cases, failed, bytes, elapsedMs } = totalOf(result);
  const isMissing = result.missing !== undefined;
  const state = !isMissing && failed === 0 && cases > 0 ? 'pass' : 'fail';
  const outcome =
    failed > 0 ? `${countText(failed)} of ${pluralText(cases, 'case')} failed` : pluralText(cases, 'case');
  const figures = `${countText(bytes)} bytes, ${pluralText(result.pixelsRedone, 'pixel')} redone, ${durationText(elapsedMs)}`;
  return `<li class="${state}">${markHtml(state === 'pass')}<div><strong><span class="number">${index + 1}</span>
${escapeMarkup(result.subject)}</strong><p>${escapeMarkup(isMissing ? result.missing : result.device)}</p></div>
<div class="figures"><strong>${isMissing ? 'did not run' : outcome}</strong><p>${isMissing ? '' : figures}</p></div></li>`;
}

function groupsHtml({ subjects }: ConformanceReport): string {
  const groups = new Set(subjects.flatMap((result) => result.groups.map(({ group }) => group)));
  if (groups.size === 0) return '';
  const rows = [...groups].map((group) => groupHtml(group, subjects));
  return `<section>
<h2>Groups of cases</h2>
<table class="groups"><thead><tr><th>Group</th><th class="count">Cases</th><th>Result, by number of the backend</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>
</section>`;
}

function groupHtml(group: string, subjects: readonly SubjectResult[]): string {
  const results = subjects.map((result) => result.groups.find((candidate) => candidate.group === group));
  const chips = results.map((result, index) => {
    if (!result) return `<span class="chip"><b>${index + 1}</b> did not run</span>`;
    const outcome = result.failed ? `\u2715 ${countText(result.failed)}` : '\u2713';
    return `<span class="chip ${result.failed ? 'fail' : 'pass'}"><b>${index + 1}</b> ${outcome}</span>`;
  });
  const cases = Math.max(...results.map((result) => result?.cases ?? 0));
  return `<tr><th scope="row">${escapeMarkup(group)}<p>${escapeMarkup(GROUP_TITLES[group] ?? '')}</p></th>
<td class="count">${countText(cases)}</td><td class="chips">${chips.join(' ')}</td></tr>`;
}

function factsHtml({ facts, date, selection, seed, corpusHash }: ConformanceReport): string {
  const lines = [
    ...facts,
    { name: 'Run', value: date },
    { name: 'Selection', value: selection },
    { name: 'Seed', value: String(seed) },
    { name: 'Corpus', value: corpusHash },
  ];
  const items = lines.map(
    ({ name, value }) => `<div><dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd></div>`,
  );
  return `<section>
<h2>Machine and run</h2>
<dl class="facts">${items.join('\n')}</dl>
</section>`;
}
