/** A report as bars, SVG: time per pixel on a logarithmic scale, with the times of copies as limits. */
import { escapeMarkup, pluralText } from '../conformance/wording.js';
import type { BenchReport, CaseResult, Row } from './result.js';
import { caseTitle, machineText, numberText, shareText } from './table.js';

/** In pixels of the SVG. Columns from left to right: names, bars, times copy. */
const WIDTH = 960;
const MARGIN = 28;
const BARS = { left: 344, right: 822 };
const ROW_HEIGHT = 27;
const BAR_HEIGHT = 15;
const HEAD_HEIGHT = 96;
/** Above the bars of a case: its title and the labels of the limits. */
const CASE_HEAD = 66;
/** Below the bars of a case: the numbers of the scale. */
const CASE_FOOT = 44;
const FOOT_HEIGHT = 62;

/** An SVG document that loads nothing else, light or dark as the viewer prefers. */
export function benchPlot(report: BenchReport): string {
  let top = HEAD_HEIGHT;
  const panels = report.cases.map((result) => {
    const panel = casePanel(result, top);
    top += caseHeight(result);
    return panel;
  });
  const height = top + FOOT_HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Time per pixel of neighbor-product and other programs">
<style>${PLOT_STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="14"/>
${head()}
${panels.join('\n')}
${foot(report, top)}
</svg>
`;
}

function head(): string {
  return [
    text(MARGIN, 42, 'Nanoseconds per pixel, transform alone', 'title'),
    text(
      MARGIN,
      64,
      'Shorter is faster. Logarithmic scale: each line is ten times the one before. Thin lines: minimum to maximum.',
      'quiet',
    ),
    ...legend(),
  ].join('\n');
}

function legend(): string[] {
  const entries = [
    { x: 568, style: 'ours', label: 'neighbor-product' },
    { x: 704, style: 'exact', label: 'same bytes' },
    { x: 802, style: 'inexact', label: 'some bytes differ' },
  ];
  return entries.flatMap(({ x, style, label }) => [
    `<rect class="${style}" x="${x}" y="31" width="12" height="12" rx="3"/>`,
    text(x + 18, 42, label, 'small quiet'),
  ]);
}

function casePanel(result: CaseResult, top: number): string {
  const bars = result.rows.filter(({ role }) => role !== 'copy').sort(byTime);
  const place = scaleOf(result.rows);
  const barsTop = top + CASE_HEAD;
  const barsBottom = barsTop + bars.length * ROW_HEIGHT;
  return [
    text(MARGIN, top + 16, caseTitle(result), 'case'),
    text(WIDTH - MARGIN, barsTop - 12, 'times copy', 'end small quiet'),
    ...scaleLines(place, barsTop, barsBottom),
    ...copyLimits(result.rows, place, barsTop, barsBottom),
    ...bars.map((row, index) => bar(row, place, barsTop + index * ROW_HEIGHT)),
  ].join('\n');
}

function caseHeight({ rows }: CaseResult): number {
  return CASE_HEAD + rows.filter(({ role }) => role !== 'copy').length * ROW_HEIGHT + CASE_FOOT;
}

function byTime(a: Row, b: Row): number {
  return a.nsPerPixel.median - b.nsPerPixel.median;
}

interface Scale {
  /** Powers of ten at the left and the right end. */
  readonly from: number;
  readonly to: number;
}

/** From the power of ten below the fastest to one that leaves room for the number of the slowest bar. */
function scaleOf(rows: readonly Row[]): Scale {
  const medians = rows.map(({ nsPerPixel }) => nsPerPixel.median);
  return { from: Math.ceil(Math.log10(Math.min(...medians))) - 1, to: Math.ceil(Math.log10(2 * Math.max(...medians))) };
}

function placeOf({ from, to }: Scale, nsPerPixel: number): number {
  const share = (Math.log10(nsPerPixel) - from) / (to - from);
  return round(BARS.left + Math.min(Math.max(share, 0), 1) * (BARS.right - BARS.left));
}

function scaleLines(scale: Scale, top: number, bottom: number): string[] {
  const powers = Array.from({ length: scale.to - scale.from + 1 }, (_, index) => 10 ** (scale.from + index));
  return powers.flatMap((power) => {
    const x = placeOf(scale, power);
    return [
      `<path class="grid" d="M${x} ${top}V${bottom}"/>`,
      text(x, bottom + 18, `${Number(power.toPrecision(1)).toLocaleString('en-GB')} ns`, 'middle small quiet'),
    ];
  });
}

/** The fastest copy is labelled to the left of its line and the others to the right, since the lines are close together. */
function copyLimits(rows: readonly Row[], scale: Scale, top: number, bottom: number): string[] {
  const copies = rows.filter(({ role }) => role === 'copy').sort(byTime);
  const zoneWidth = placeOf(scale, copies[0].nsPerPixel.median) - BARS.left;
  return [
    `<rect class="zone" x="${BARS.left}" y="${top}" width="${round(zoneWidth)}" height="${bottom - top}"/>`,
    ...copies.flatMap(({ threads, nsPerPixel: { median } }, index) => {
      const x = placeOf(scale, median);
      const label = `copy, ${pluralText(threads ?? 1, 'thread')}: ${numberText(median)} ns`;
      return [
        `<path class="limit" d="M${x} ${top - 22}V${bottom}"/>`,
        index === 0 && copies.length > 1
          ? text(x - 6, top - 12, label, 'limit-text end')
          : text(x + 6, top - 12 - 15 * Math.max(index - 1, 0), label, 'limit-text'),
      ];
    }),
  ];
}

function bar(row: Row, scale: Scale, top: number): string {
  const { program, role, threads, nsPerPixel, differingShare, timesCopy } = row;
  const baseline = top + ROW_HEIGHT / 2 + 4.5;
  const middle = top + ROW_HEIGHT / 2;
  const end = placeOf(scale, nsPerPixel.median);
  const isOurs = role === 'ours';
  const style = isOurs ? 'ours' : differingShare === 0 ? 'exact' : 'inexact';
  const note = differingShare === 0 ? '' : `${shareText(differingShare)} of bytes differ`;
  const strong = isOurs ? ' strong' : '';
  return [
    name(program, threads, baseline, strong),
    `<rect class="${style}" x="${BARS.left}" y="${round(middle - BAR_HEIGHT / 2)}" width="${round(end - BARS.left)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<path class="spread" d="M${placeOf(scale, nsPerPixel.least)} ${middle}H${placeOf(scale, nsPerPixel.most)}"/>`,
    value(nsPerPixel.median, note, Math.max(end, placeOf(scale, nsPerPixel.most)) + 8, baseline, strong),
    text(WIDTH - MARGIN, baseline, `${numberText(timesCopy)}`, `end${strong}`),
  ].join('\n');
}

function name(program: string, threads: number | undefined, baseline: number, strong: string): string {
  const count =
    threads === undefined ? '' : text(BARS.left - 12, baseline, pluralText(threads, 'thread'), 'end quiet small');
  return text(MARGIN, baseline, program, strong.trim()) + count;
}

function value(median: number, note: string, x: number, baseline: number, strong: string): string {
  const content = `${escapeMarkup(numberText(median))} ns<tspan class="quiet small" dx="7">${escapeMarkup(note)}</tspan>`;
  return `<text class="${strong.trim()}" x="${round(x)}" y="${baseline}">${content}</text>`;
}

function foot({ command, date, machine }: BenchReport, top: number): string {
  return [
    text(MARGIN, top + 16, command, 'small quiet'),
    text(MARGIN, top + 34, `${date.slice(0, 10)}, ${machineText(machine)}`, 'small quiet'),
  ].join('\n');
}

function text(x: number, y: number, content: string, style: string): string {
  return `<text class="${style}" x="${x}" y="${round(y)}">${escapeMarkup(content)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Colour is never the only sign: the programs of this project are also set in bold. */
const PLOT_STYLE = `
:root { --page: #fbfaf8; --ink: #1b1f24; --quiet: #66707c; --line: #e4e2de; --zone: #f0eeea; --ours: #d63a5e; --peer: #9fb3a8; --wrong: #c9c4bb; --copy: #1f7a4d; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171b; --ink: #e9ecef; --quiet: #98a2ae; --line: #282d34; --zone: #1c2026; --ours: #ff6b8b; --peer: #5f7a6d; --wrong: #4a4d50; --copy: #5fd394; }
}
text { font: 13px system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
.page { fill: var(--page); }
.title { font-size: 20px; font-weight: 700; }
.case { font-size: 15px; font-weight: 600; }
.quiet { fill: var(--quiet); }
.small { font-size: 11.5px; }
.strong { font-weight: 700; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.grid { stroke: var(--line); }
.zone { fill: var(--zone); }
.limit { stroke: var(--copy); stroke-width: 1.5; stroke-dasharray: 5 4; }
.limit-text { fill: var(--copy); font-size: 12px; font-weight: 600; }
.ours { fill: var(--ours); }
.exact { fill: var(--peer); }
.inexact { fill: var(--wrong); }
.spread { stroke: var(--ink); stroke-width: 1.25; opacity: 0.55; }
`.trim();
