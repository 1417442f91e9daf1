/**
 * Draws a trace as SVG, a row for each track: node bench/draw-trace.mjs TRACE.json OUT.svg [--from MS] [--to MS], where TRACE.json is
 * what `neighbor-product --trace` writes. Times are milliseconds since the start of the process.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { from: { type: 'string' }, to: { type: 'string' } },
  allowPositionals: true,
});
const [input, output] = positionals;
const { traceEvents, otherData } = JSON.parse(readFileSync(input, 'utf8'));

const WIDTH = 960;
const MARGIN = 24;
const LEFT = 150;
const ROW = 30;
const HEAD = 70;

const names = new Map(
  traceEvents.filter(({ name }) => name === 'thread_name').map(({ tid, args }) => [tid, args.name]),
);
const spans = traceEvents
  .filter(({ ph }) => ph === 'X')
  .map(({ name, tid, ts, dur }) => ({ name, track: names.get(tid), startMs: ts / 1000, endMs: (ts + dur) / 1000 }));
const fromMs = Number(values.from ?? 0);
const toMs = Number(values.to ?? Math.max(...spans.map(({ endMs }) => endMs)));
const shown = spans.filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
/** What the processor does first, then what a device does. */
const tracks = [...new Set(shown.map(({ track }) => track))].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));

const x = (ms) => LEFT + ((Math.min(Math.max(ms, fromMs), toMs) - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT - MARGIN);
const height = HEAD + tracks.length * ROW + 40;
const rows = tracks.flatMap((track, index) => {
  const top = HEAD + index * ROW;
  const bars = merged(shown.filter((span) => span.track === track)).map(
    ({ name, startMs, endMs }) =>
      `<rect class="${styleOf(track, name)}" x="${x(startMs).toFixed(1)}" y="${top}" width="${Math.max(0.8, x(endMs) - x(startMs)).toFixed(1)}" height="20"><title>${name}</title></rect>`,
  );
  return [`<text class="label" x="${LEFT - 12}" y="${top + 15}" text-anchor="end">${track}</text>`, ...bars];
});
writeFileSync(
  output,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="What each thread and device did over time">
<style>
.page { fill: #fff } text { font: 13px system-ui, sans-serif; fill: #24292f } .quiet { fill: #57606a }
.cpu { fill: #2f6f4f } .gpu { fill: #b5532a } .opening { fill: #e3b341 } .main { fill: #8c959f } line { stroke: #d0d7de }
@media (prefers-color-scheme: dark) { .page { fill: #0d1117 } text { fill: #e6edf3 } .quiet { fill: #8d96a0 } line { stroke: #30363d } .cpu { fill: #4fae7f } .gpu { fill: #e07b4a } }
</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="14"/>
<text x="${MARGIN}" y="32" style="font-size:16px;font-weight:600">Who did what, when</text>
<text class="quiet" x="${MARGIN}" y="52">${escaped(otherData.command)}</text>
${[...ticks()].join('\n')}
${rows.join('\n')}
</svg>
`,
);

function rank(track) {
  if (track.startsWith('CPU')) return 0;
  if (track === 'GPU') return 1;
  return track.startsWith('GPU') ? 2 : 3;
}

function styleOf(track, name) {
  if (name.startsWith('open the')) return 'opening';
  if (track.startsWith('CPU')) return 'cpu';
  return track.startsWith('GPU') ? 'gpu' : 'main';
}

/** Spans of the same look that are less than a third of a pixel apart are one: a trace has thousands. */
function merged(all) {
  const gapMs = ((toMs - fromMs) / (WIDTH - LEFT)) * 0.33;
  const result = [];
  for (const span of all.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = result.at(-1);
    const isNear =
      last && span.startMs - last.endMs < gapMs && styleOf(span.track, span.name) === styleOf(last.track, last.name);
    if (isNear) last.endMs = Math.max(last.endMs, span.endMs);
    else result.push({ ...span });
  }
  return result;
}

function* ticks() {
  const step = 10 ** Math.floor(Math.log10((toMs - fromMs) / 3));
  const every = (toMs - fromMs) / step > 12 ? step * 5 : step;
  const bottom = HEAD + tracks.length * ROW;
  for (let ms = Math.ceil(fromMs / every) * every; ms <= toMs; ms += every) {
    yield `<line x1="${x(ms)}" y1="${HEAD - 6}" x2="${x(ms)}" y2="${bottom}"/>`;
    yield `<text class="quiet" x="${x(ms)}" y="${bottom + 18}" text-anchor="middle">${Math.round(ms)} ms</text>`;
  }
}

function escaped(text) {
  return text.replace(/[&<>]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
