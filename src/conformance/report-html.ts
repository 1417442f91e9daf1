/** The report that people look at and send: one page that needs no other file and no script, for any screen and for print. */
import { GROUP_TITLES } from './cases.js';
import { type Claim, claimsOf } from './claims.js';
import type { Crop, DifferenceMap, Mismatch } from './compare.js';
import { type ConformanceReport, countOfRun, type Failure, type SubjectResult, totalOf } from './report.js';
import { STYLE } from './report-html-style.js';
import { countText, durationText, EXACT_PIXELS_TEXT, escapeMarkup, failureText, pluralText } from './wording.js';

/** A complete HTML document, a text file's last line break included. */
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
${claimsHtml(report)}
${subjectsHtml(report)}
${groupsHtml(report)}
${failuresHtml(report)}
${factsHtml(report)}
</main>
</body>
</html>
`;
}

function verdictHtml({ passed, reasons, notRun, subjects, caseIds, elapsedMs }: ConformanceReport): string {
  const bytes = subjects.reduce((sum, result) => sum + totalOf(result).bytes, 0);
  const where = notRun.length > 0 ? 'on every backend that ran' : 'on every backend';
  const verdict = passed ? [`Every byte of every case equals the definition, ${where}.`] : reasons;
  const sentences = [...new Set([...verdict, ...notRun])];
  const ran = countOfRun(subjects);
  const figures = [
    [ran === 1 ? 'backend' : 'backends', countText(ran)],
    [ran === 1 ? 'cases' : 'cases on each', countText(caseIds.length)],
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

function claimsHtml(report: ConformanceReport): string {
  const claims = claimsOf(report);
  if (claims.length === 0) return '';
  return `<section>
<h2>What this shows, and how to check it</h2>
<table class="claims"><thead><tr><th>Claim</th><th>Evidence</th><th>Check it again</th></tr></thead>
<tbody>${claims.map(claimHtml).join('\n')}</tbody></table>
${report.subjects.some(({ failures }) => failures.length > 0) ? FAILURE_ADVICE : ''}
</section>`;
}

function claimHtml({ claim, holds, evidence, section, command }: Claim): string {
  const mark = holds === undefined ? '<span class="mark"></span>' : markHtml(holds);
  const state = holds === undefined ? '' : ` class="${holds ? 'pass' : 'fail'}"`;
  return `<tr${state}><th scope="row"><div>${mark}<span>${claim}</span></div></th>
<td><a href="#${section}">${escapeMarkup(evidence)}</a></td><td><code>${escapeMarkup(command)}</code></td></tr>`;
}

/** Of docs/drivers.md, which has more. */
const FAILURE_ADVICE = `<p class="note">A byte that differs is a defect: of a driver, of a compiler or of this program. Run the failed case
again; run it on another driver, such as one in software; update the driver. docs/drivers.md says what the first differing
byte tells about its cause, and what a driver has to keep.</p>`;

function subjectsHtml({ subjects }: ConformanceReport): string {
  const note = subjects.some(({ groups }) => groups.length > 0) ? `<p class="note">${EXACT_PIXELS_TEXT}</p>` : '';
  return `<section>
<h2 id="backends">Backends</h2>
<ol class="subjects">${subjects.map(subjectHtml).join('\n')}</ol>
${note}
</section>`;
}

function subjectHtml(result: SubjectResult, index: number): string {
  const { cases, failed, bytes, exactPixels, elapsedMs } = totalOf(result);
  const isMissing = result.missing !== undefined;
  if (isMissing && result.isOptional) return skippedHtml(result, index);
  const state = !isMissing && failed === 0 && cases > 0 ? 'pass' : 'fail';
  const outcome =
    failed > 0 ? `${countText(failed)} of ${pluralText(cases, 'case')} failed` : pluralText(cases, 'case');
  const figures = `${countText(bytes)} bytes, ${pluralText(exactPixels, 'exact pixel')}, ${durationText(elapsedMs)}`;
  return `<li class="${state}">${markHtml(state === 'pass')}<div><strong><span class="number">${index + 1}</span>
${escapeMarkup(result.subject)}</strong><p>${escapeMarkup(isMissing ? result.missing : result.device)}</p></div>
<div class="figures"><strong>${isMissing ? 'not run' : outcome}</strong><p>${isMissing ? '' : figures}</p></div></li>`;
}

function skippedHtml({ subject, missing = '' }: SubjectResult, index: number): string {
  return `<li><span class="mark"></span><div><strong><span class="number">${index + 1}</span>
${escapeMarkup(subject)}</strong><p>${escapeMarkup(`not run: ${missing}`)}</p></div></li>`;
}

function groupsHtml({ subjects }: ConformanceReport): string {
  const groups = new Set(subjects.flatMap((result) => result.groups.map(({ group }) => group)));
  if (groups.size === 0) return '';
  const rows = [...groups].map((group) => groupHtml(group, subjects));
  return `<section>
<h2 id="groups">Groups of cases</h2>
<table class="groups"><thead><tr><th>Group</th><th class="count">Cases</th><th>Result, by number of the backend</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table>
</section>`;
}

function groupHtml(group: string, subjects: readonly SubjectResult[]): string {
  const results = subjects.map((result) => result.groups.find((candidate) => candidate.group === group));
  const chips = results.map((result, index) => {
    if (!result) return `<span class="chip"><b>${index + 1}</b> not run</span>`;
    const outcome = result.failed ? `\u2715 ${countText(result.failed)}` : '\u2713';
    return `<span class="chip ${result.failed ? 'fail' : 'pass'}"><b>${index + 1}</b> ${outcome}</span>`;
  });
  const cases = Math.max(...results.map((result) => result?.cases ?? 0));
  return `<tr><th scope="row">${escapeMarkup(group)}<p>${escapeMarkup(GROUP_TITLES[group] ?? '')}</p></th>
<td class="count">${countText(cases)}</td><td class="chips">${chips.join(' ')}</td></tr>`;
}

/** Failures of a backend shown in full, and ids listed below them. */
const SHOWN_FAILURES = 4;
const LISTED_FAILURES = 200;

function failuresHtml({ subjects }: ConformanceReport): string {
  const failed = subjects.filter(({ failures }) => failures.length > 0);
  return failed.length === 0 ? '' : `<div id="failures">${failed.map(subjectFailuresHtml).join('\n')}</div>`;
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
  const images = mismatch?.pixel && evidence && cropsHtml(evidence.crop, mismatch.pixel) + mapHtml(evidence.map);
  return `<article>
<h3>${escapeMarkup(failure.caseId)}</h3>
<p>${escapeMarkup(failureText(failure))}</p>
${images ? `<div class="images">${images}${neighboursHtml(mismatch)}</div>` : ''}
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
  const more = rest > 0 ? `<p>and ${pluralText(rest, 'case')} more; the JSON report lists all.</p>` : '';
  return `<details><summary>${pluralText(failures.length, 'more failing case')}</summary>
<ul class="ids">${listed.join('')}</ul>${more}</details>`;
}

/** Width of a magnified pixel, in units of the SVG. */
const PIXEL = 20;

/** The same crop of the input, both outputs and their difference; the pixel at x, y of the image is outlined. */
function cropsHtml(crop: Crop, { x, y }: { readonly x: number; readonly y: number }): string {
  const outline = `<rect class="outline" ${rectPlace(x - crop.left, y - crop.top)}/>`;
  const pixels = Array.from({ length: crop.width * crop.height }, (_, pixel) => pixel);
  const magnified = (samples: readonly number[]) => pixels.map((pixel) => colouredRect(crop, samples, pixel)).join('');
  const panels = [
    ['input', magnified(crop.input)],
    ['expected', magnified(crop.expected)],
    ['actual', magnified(crop.actual)],
    ['difference', pixels.map((pixel) => differenceRect(crop, pixel)).join('')],
  ];
  return panels.map(([caption, content]) => figureHtml(crop, caption, content + outline)).join('\n');
}

/** Where in the whole image pixels differ. */
function mapHtml(map: DifferenceMap): string {
  const most = Math.max(...map.differingPixels);
  const rects = map.differingPixels.map((count, index) => {
    if (count === 0) return '';
    const place = rectPlace(index % map.columns, Math.trunc(index / map.columns));
    return `<rect class="differing" opacity="${(0.35 + (0.65 * count) / most).toFixed(2)}" ${place}/>`;
  });
  return figureHtml({ width: map.columns, height: map.rows }, 'whole image', rects.join(''));
}

function figureHtml({ width, height }: { width: number; height: number }, caption: string, content: string): string {
  const side = Math.max(width, height) * PIXEL;
  const [left, top] = [(width * PIXEL - side) / 2, (height * PIXEL - side) / 2];
  const frame = `<rect class="frame" width="${width * PIXEL}" height="${height * PIXEL}"/>`;
  const box = `viewBox="${left} ${top} ${side} ${side}" role="img" aria-label="${caption}" shape-rendering="crispEdges"`;
  return `<figure><svg ${box}>${frame}${content}</svg><figcaption>${caption}</figcaption></figure>`;
}

function rectPlace(column: number, row: number): string {
  return `x="${column * PIXEL}" y="${row * PIXEL}" width="${PIXEL}" height="${PIXEL}"`;
}

/** Colour without alpha: the suite compares samples, not what they look like when blended. */
function colouredRect({ width, channels }: Crop, samples: readonly number[], pixel: number): string {
  const colour = samples.slice(pixel * channels, (pixel + 1) * channels);
  const hex = colour.slice(0, 3).map((sample) => sample.toString(16).padStart(2, '0'));
  const place = rectPlace(pixel % width, Math.trunc(pixel / width));
  return `<rect fill="#${hex.join('')}" ${place}><title>${colour.join(', ')}</title></rect>`;
}

/** The largest difference among a pixel's samples, signed, as text in the pixel. */
function differenceRect({ width, channels, expected, actual }: Crop, pixel: number): string {
  const differences = Array.from({ length: channels }, (_, c) => {
    return actual[pixel * channels + c] - expected[pixel * channels + c];
  });
  const largest = differences.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
  if (largest === 0) return '';
  const [column, row] = [pixel % width, Math.trunc(pixel / width)];
  const text = `${largest > 0 ? '+' : '−'}${Math.abs(largest)}`;
  const centre = `x="${(column + 0.5) * PIXEL}" y="${(row + 0.5) * PIXEL}"`;
  return `<rect class="differing" ${rectPlace(column, row)}/><text ${centre}>${text}</text>`;
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
<h2 id="machine">Machine and run</h2>
<dl class="facts">${items.join('\n')}</dl>
</section>`;
}
