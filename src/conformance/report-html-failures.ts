/** The failing cases of a report: what is wrong, the pictures, and the record that runs the case again. */

import type { Mismatch } from './compare.js';
import { escapeMarkup } from './escape-markup.js';
import { cropsHtml, mapHtml } from './report-html-pictures.js';
import type { Failure, SubjectResult } from './result.js';
import type { ConformanceReport } from './run-conformance.js';
import { failureText, pluralText } from './wording.js';

/** Failures shown in full, and ids listed below them, for each backend. */
const SHOWN_FAILURES = 4;
const LISTED_FAILURES = 200;

/** Empty where nothing failed. */
export function failuresHtml({ subjects }: ConformanceReport): string {
  return subjects
    .filter(({ failures }) => failures.length > 0)
    .map(subjectFailuresHtml)
    .join('\n');
}

function subjectFailuresHtml({ subject, failures }: SubjectResult): string {
  return `<section>
<h2>Failures of ${escapeMarkup(subject)}</h2>
${failures.slice(0, SHOWN_FAILURES).map(failureHtml).join('\n')}
${listHtml(failures.slice(SHOWN_FAILURES))}
</section>`;
}

function failureHtml(failure: Failure): string {
  const { mismatch, evidence } = { mismatch: undefined, evidence: undefined, ...failure };
  const pictures = mismatch?.pixel && evidence && cropsHtml(evidence.crop, mismatch.pixel) + mapHtml(evidence.map);
  return `<article>
<h3>${escapeMarkup(failure.caseId)}</h3>
<p>${escapeMarkup(failureText(failure))}</p>
${pictures ? `<div class="pictures">${pictures}${neighboursHtml(mismatch)}</div>` : ''}
${recordHtml(failure)}
</article>`;
}

function neighboursHtml({ neighbours }: Mismatch): string {
  if (!neighbours) return '';
  const cells = neighbours.map((samples) => `<span>${samples.join('<br>')}</span>`).join('');
  return `<figure><div class="neighbours">${cells}</div><figcaption>the nine neighbours</figcaption></figure>`;
}

function recordHtml(failure: Failure): string {
  const { evidence: _, ...record } = { evidence: undefined, ...failure };
  return `<details><summary>Run this case again</summary>
<p>Save as <code>record.json</code>, then <code>neighbor-product conformance --replay record.json</code></p>
<pre>${escapeMarkup(JSON.stringify(record))}</pre></details>`;
}

function listHtml(failures: readonly Failure[]): string {
  if (failures.length === 0) return '';
  const listed = failures.slice(0, LISTED_FAILURES).map(({ caseId }) => `<li>${escapeMarkup(caseId)}</li>`);
  const rest = failures.length - listed.length;
  const more = rest > 0 ? `<p>and ${pluralText(rest, 'case')} more: the JSON report names all.</p>` : '';
  return `<details><summary>${pluralText(failures.length, 'more failing case')}</summary><ul class="ids">${listed.join('')}</ul>${more}</details>`;
}
