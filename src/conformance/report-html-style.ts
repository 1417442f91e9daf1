/** The style sheet of the HTML report. No colour carries meaning alone: a mark or a number repeats it. */
export const STYLE = `
:root {
  --page: #f6f7f9; --card: #ffffff; --ink: #16191d; --quiet: #5b6470; --line: #dfe3e8;
  --pass: #14713d; --pass-wash: #e3f4ea; --fail: #b3221b; --fail-wash: #fdeae8;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --card: #191e24; --ink: #e8ebef; --quiet: #9aa4b0; --line: #2c333b;
    --pass: #5fd394; --pass-wash: #153323; --fail: #ff8a80; --fail-wash: #411b1a;
  }
}
* { box-sizing: border-box; margin: 0; }
body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 1080px; margin: 0 auto; padding: 28px 20px 64px; overflow-wrap: anywhere; }
p { color: var(--quiet); }
h2 { font-size: 17px; margin: 36px 0 12px; }
h3 { font: 600 15px/1.4 var(--mono); }
a { color: inherit; }
code, pre, .ids, .facts dd { font-family: var(--mono); font-size: 13px; }
.pass { --state: var(--pass); --wash: var(--pass-wash); }
.fail { --state: var(--fail); --wash: var(--fail-wash); }
.mark { width: 1.5em; height: 1.5em; flex: none; padding: 0.25em; border-radius: 50%; background: var(--state); }
.mark path { fill: none; stroke: var(--card); stroke-width: 3.5; stroke-linecap: round; stroke-linejoin: round; }
header { background: var(--wash); border: 1px solid var(--state); border-radius: 14px; padding: 24px 28px; }
header p { color: var(--ink); }
header .product { color: var(--state); font-weight: 600; }
h1 { display: flex; align-items: center; gap: 0.3em; font-size: 40px; line-height: 1.3; color: var(--state); margin: 4px 0 8px; }
h1 .mark { width: 1em; height: 1em; padding: 0.12em; }
header dl { display: flex; flex-wrap: wrap; gap: 14px 40px; margin-top: 20px; }
header dl div { display: flex; flex-direction: column-reverse; }
header dt { color: var(--quiet); font-size: 13px; }
header dd { font-size: 22px; font-weight: 600; line-height: 1.25; }
.subjects, .claims, .groups, .facts, article, section > details { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.subjects { list-style: none; padding: 0; }
.subjects li { display: flex; align-items: center; gap: 14px; padding: 12px 18px; border-top: 1px solid var(--line); }
.subjects li:first-child { border-top: 0; }
.subjects li > div { flex: 1 1 0; }
.subjects li > .figures { text-align: right; }
.number { color: var(--quiet); font-weight: 400; }
.subjects p, .groups p { font-size: 13px; font-weight: 400; }
.note { margin: 8px 18px 0; font-size: 13px; }
.claims, .groups { width: 100%; border-collapse: separate; border-spacing: 0; }
.claims th, .claims td, .groups th, .groups td { padding: 8px 14px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); }
.claims thead th, .groups thead th { border-top: 0; font-size: 13px; font-weight: 400; color: var(--quiet); }
.groups .count { text-align: right; white-space: nowrap; }
.claims tbody th { width: 46%; font-weight: 400; }
.claims tbody th div { display: flex; align-items: flex-start; gap: 12px; }
.claims td { font-size: 13px; color: var(--quiet); }
.claims .fail a { color: var(--fail); }
.chips { width: 58%; line-height: 2; }
.chip { display: inline-block; padding: 0 0.55em; border-radius: 6px; font-size: 13px; line-height: 1.75; white-space: nowrap; color: var(--state, var(--quiet)); background: var(--wash, var(--page)); }
.chip b { font-weight: 400; opacity: 0.65; margin-right: 0.2em; }
.chip.fail { font-weight: 700; }
.facts { padding: 6px 18px; }
.facts div { display: grid; grid-template-columns: 7.5em minmax(0, 1fr); gap: 12px; padding: 6px 0; border-top: 1px solid var(--line); }
.facts div:first-child { border-top: 0; }
.facts dt { color: var(--quiet); font-size: 13px; }
article, section > details { padding: 16px 18px; margin-top: 12px; }
article > details { margin-top: 12px; }
summary { cursor: pointer; color: var(--quiet); }
pre { white-space: pre-wrap; margin-top: 8px; }
.ids { padding: 10px 0 0; list-style: none; columns: 300px; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 16px; margin-top: 14px; }
figure svg { display: block; width: 100%; overflow: visible; }
figcaption { margin-top: 4px; color: var(--quiet); font-size: 13px; text-align: center; }
.frame { fill: var(--page); stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.outline { fill: none; stroke: #ff2d9b; stroke-width: 2.5; vector-effect: non-scaling-stroke; }
.differing { fill: var(--fail); }
figure text { fill: var(--card); font: 600 7px var(--mono); text-anchor: middle; dominant-baseline: central; }
.neighbours { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1px; aspect-ratio: 1; background: var(--line); border: 1px solid var(--line); }
.neighbours span { display: grid; place-content: center; background: var(--card); font: 13px/1.25 var(--mono); text-align: right; }
@media (max-width: 760px) {
  main { padding: 14px 12px 48px; }
  header { padding: 18px; }
  .subjects li { flex-wrap: wrap; }
  .subjects li > div { flex-basis: calc(100% - 3em); }
  .subjects li > .figures { text-align: left; margin-left: calc(1.5em + 14px); }
  .images { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .claims thead, .groups thead { display: none; }
  .claims tr { display: block; padding: 8px 12px; border-top: 1px solid var(--line); }
  .claims tr:first-child { border-top: 0; }
  .claims th, .claims td { display: block; width: auto; padding: 2px 0; border: 0; }
  .claims tbody th { width: auto; }
  .claims td { margin-left: 34px; }
  .groups tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; padding: 8px 12px; border-top: 1px solid var(--line); }
  .groups tr:first-child { border-top: 0; }
  .groups th, .groups td { padding: 0; border: 0; }
  .groups .count::after { content: ' cases'; }
  .chips { grid-column: 1 / -1; width: auto; }
}
@media print { body { background: none; } article { break-inside: avoid; } }
`;
