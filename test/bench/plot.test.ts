import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { benchPlot } from '../../src/bench/plot.js';
import { parseReport } from '../../src/bench/result.js';
import { REPORT } from './reports.js';

const svg = benchPlot(REPORT);
const [panel] = REPORT.cases;

/** Where a rectangle of a style ends; one for each. */
function ends(style: string): number[] {
  const rectangles = [
    ...svg.matchAll(new RegExp(`<rect class="${style}" x="([\\d.]+)" y="[\\d.]+" width="([\\d.]+)"`, 'g')),
  ];
  return rectangles.map(([, x, width]) => Number(x) + Number(width));
}

function limits(): number[] {
  return [...svg.matchAll(/<path class="limit" d="M([\d.]+) /g)].map(([, x]) => Number(x));
}

test('a bar for each program, in the order of their speed, and a limit for each copy', () => {
  const names = [...svg.matchAll(/<text class="(?:strong)?" x="28" [^>]*>([^<]+)</g)].map(([, name]) => name);
  expect(names).toEqual(['neighbor-product cpu avx2', 'nearly right', 'slow &lt;one&gt;']);
  expect(limits()).toHaveLength(2);
  // One of each style stands in the legend.
  expect([ends('ours'), ends('exact'), ends('inexact')].map((found) => found.length)).toEqual([2, 2, 2]);
});

test('ten times the time is one step of the scale, wherever it lies', () => {
  const [fast, slow] = limits();
  const end = ends('ours')[1];
  const decade = (slow - fast) / Math.log10(0.5 / 0.3);
  expect((end - slow) / decade).toBeCloseTo(Math.log10(1 / 0.5), 1);
  expect((ends('exact')[1] - end) / decade).toBeCloseTo(Math.log10(16_822.4), 0);
});

test('text is escaped, nothing is loaded from elsewhere, dark is another style', () => {
  expect(svg).toContain('neighbor-product bench &lt;all&gt;');
  expect(svg).toContain('A &amp; B 3000');
  expect(svg).not.toMatch(/<all>|NaN|undefined|Infinity|href=|url\(|<script/);
  expect(svg).toContain('prefers-color-scheme: dark');
});

test('all text lies within the plot', () => {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  for (const [, x, y] of svg.matchAll(/<text[^>]* x="([\d.]+)" y="([\d.]+)"/g)) {
    expect(Number(x)).toBeLessThan(width);
    expect(Number(y)).toBeLessThan(height);
  }
  expect(panel.rows.length).toBeGreaterThan(0);
});

/** `bench --from bench/results/... --sizes 4k --kinds photograph --plot docs/speed.svg` draws it again. */
test('docs/speed.svg is drawn from the stored results', () => {
  const path = 'bench/results/2026-11-23-xeon-2-cores.json';
  const report = parseReport(readFileSync(path, 'utf8'), path);
  const cases = report.cases.filter(({ id }) => id === '3840x2160/photograph');
  expect(benchPlot({ ...report, cases }) === readFileSync('docs/speed.svg', 'utf8')).toBe(true);
});
