import { expect, test } from 'vitest';
import { benchPlot } from '../../src/bench/plot.js';
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

test('ten times the time is a step of the scale, wherever it lies', () => {
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

test('every mark lies within the picture', () => {
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  for (const [, x, y] of svg.matchAll(/<text[^>]* x="([\d.]+)" y="([\d.]+)"/g)) {
    expect(Number(x)).toBeLessThan(width);
    expect(Number(y)).toBeLessThan(height);
  }
  expect(panel.rows.length).toBeGreaterThan(0);
});
