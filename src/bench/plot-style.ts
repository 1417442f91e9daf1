/** The style sheet of the plot. Colour carries no meaning alone: the programs of this project are also set in bold. */
export const PLOT_STYLE = `
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
