/** The benchmark as text: aligned for a terminal, or as Markdown. Every table names command, date and machine. */
import type { BenchReport, CaseResult, Machine, Row } from './result.js';

interface Column {
  readonly title: string;
  readonly cell: (row: Row) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'program', cell: ({ program, crop }) => (crop === undefined ? program : `${program} (${crop} of it)`) },
  { title: 'threads', cell: ({ threads }) => String(threads ?? '') },
  { title: 'ns/pixel', cell: ({ nsPerPixel }) => numberText(nsPerPixel.median) },
  {
    title: 'least to most',
    cell: ({ nsPerPixel: { least, most } }) => `${numberText(least)} to ${numberText(most)}`,
  },
  { title: 'GB/s', cell: ({ gbPerSecond }) => numberText(gbPerSecond) },
  { title: 'times copy', cell: ({ timesCopy }) => numberText(timesCopy) },
  { title: 'open, first ms', cell: coldText },
  { title: 'redone', cell: ({ redoneShare }) => (redoneShare === undefined ? '' : shareText(redoneShare)) },
  {
    title: 'bytes that differ',
    cell: ({ role, differingShare }) => (role === 'copy' ? '' : shareText(differingShare)),
  },
];

/** Enough for a page that people only glance at. */
const MARKDOWN_COLUMNS = COLUMNS.filter(({ title }) => {
  return ['program', 'threads', 'ns/pixel', 'times copy', 'bytes that differ'].includes(title);
});

/** What the columns mean, under every table. */
const LEGEND = [
  'Host time of the transform alone: median of interleaved rounds, caches warm, in memory that was taken before. GB/s:',
  'bytes read and written. Times copy: against a copy of the same bytes with as many threads, or with one. Open, first: a',
  "first result in a new process, apart from starting it; a peer's first call. Every program of this project was compared",
  "with the reference, byte by byte, before it was timed. A GPU's time includes upload and read-back; what it spends on",
  'each is told below its table, where its clock can be read.',
];

/** For a terminal; no line break at the end. */
export function benchTable(report: BenchReport): string {
  const parts = report.cases.map((result) => {
    const rows = tableRows(COLUMNS, result);
    const below = [...deviceLines(result), ...missingLines(result)].map((line) => `  ${line}`);
    return [caseTitle(result), ...alignColumns(rows), ...below].join('\n');
  });
  return [...parts, LEGEND.join('\n'), originLines(report).join('\n')].join('\n\n');
}

/** For a README; no line break at the end. */
export function benchMarkdown(report: BenchReport): string {
  const rule = `|${MARKDOWN_COLUMNS.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`;
  const parts = report.cases.map((result) => {
    const [head, ...rows] = tableRows(MARKDOWN_COLUMNS, result).map((cells) => `| ${cells.join(' | ')} |`);
    const below = [...deviceLines(result), ...missingLines(result)].map((line) => `\n- ${line}`);
    return [`**${caseTitle(result)}**\n`, head, rule, ...rows, ...below].join('\n');
  });
  return [...parts, ...originLines(report)].join('\n\n');
}

function tableRows(columns: readonly Column[], { rows }: CaseResult): string[][] {
  return [columns.map(({ title }) => title), ...rows.map((row) => columns.map(({ cell }) => cell(row)))];
}

/** `3840x2160 photograph (generated, seed 1)` */
export function caseTitle({ width, height, kind, origin }: CaseResult): string {
  return `${width}x${height} ${kind} (${origin})`;
}

/** `neighbor-product gpu: upload 2.10 ms, kernel 0.900 ms on the device (1.50 times its copy), read-back 3.00 ms` */
function deviceLines({ rows }: CaseResult): string[] {
  return rows.flatMap(({ program, device }) => {
    if (device === undefined) return [];
    const { uploadMs, kernelMs, readBackMs, copyMs } = device;
    const kernel = `kernel ${numberText(kernelMs)} ms on the device (${numberText(kernelMs / copyMs)} times its copy)`;
    return [`${program}: upload ${numberText(uploadMs)} ms, ${kernel}, read-back ${numberText(readBackMs)} ms`];
  });
}

function missingLines({ missing }: CaseResult): string[] {
  return missing.map(({ program, reason }) => `not measured: ${program}: ${reason}`);
}

function originLines({ command, date, machine }: BenchReport): string[] {
  return [command, `${date.slice(0, 10)}, ${machineText(machine)}`];
}

/** `Intel(R) Xeon(R) Processor, 2 cores, 8 GB, Linux 6.1 x64, Node v20.20.2, load 0.10 to 1.90` */
export function machineText({ processor, cores, memoryGb, system, node, loadBefore, loadAfter }: Machine): string {
  return [
    processor,
    `${cores} core${cores === 1 ? '' : 's'}`,
    `${memoryGb} GB`,
    system,
    `Node ${node}`,
    `load ${loadBefore} before, ${loadAfter} after`,
  ].join(', ');
}

function coldText({ cold }: Row): string {
  return cold ? [cold.openMs ?? [], cold.firstMs].flat().map(numberText).join(', ') : '';
}

/** Three digits that count: `0.323`, `1.60`, `20.6`, `16,822`. */
export function numberText(value: number): string {
  if (value >= 99.95) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(value < 0.9995 ? 3 : value < 9.995 ? 2 : 1);
}

/** `0`, `0.0002 %`, `1.2 %`; only what is nothing is 0. */
export function shareText(share: number): string {
  return share === 0 ? '0' : `${Number((share * 100).toPrecision(2))} %`;
}

/** The first column to the left, the others to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
