/** A report as text: aligned for a terminal, or as Markdown. Command, date and machine stand below the tables. */
import { pluralText } from '../conformance/wording.js';
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
    title: 'min to max',
    cell: ({ nsPerPixel: { least, most } }) => `${numberText(least)} to ${numberText(most)}`,
  },
  { title: 'GB/s', cell: ({ gbPerSecond }) => numberText(gbPerSecond) },
  { title: 'times copy', cell: ({ timesCopy }) => numberText(timesCopy) },
  { title: 'open, first ms', cell: coldText },
  { title: 'exact pixels', cell: ({ exactShare }) => (exactShare === undefined ? '' : shareText(exactShare)) },
  {
    title: 'bytes that differ',
    cell: ({ role, differingShare }) => (role === 'copy' ? '' : shareText(differingShare)),
  },
];

/** The columns that a README needs. */
const MARKDOWN_COLUMNS = COLUMNS.filter(({ title }) => {
  return ['program', 'threads', 'ns/pixel', 'times copy', 'bytes that differ'].includes(title);
});

/** What the columns mean. */
const LEGEND = [
  'ns/pixel: host time of the transform alone, median of interleaved rounds, caches warm, memory allocated before.',
  'GB/s: bytes read and written. Times copy: divided by the time of a copy of the same bytes with as many threads, or one.',
  'Open, first ms: opening and first result in a new process, once it runs; for a peer its first call.',
  'Exact pixels: share of the pixels that were computed in binary64.',
  'Every program of this project was compared with the reference, byte by byte, before it was timed.',
  "A GPU's time includes upload and read-back. Where it has a clock, its phases are listed below the table.",
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

/** `neighbor-product gpu: upload 2.10 ms, kernel 0.900 ms on the device (1.50 times a copy there), read-back 3.00 ms` */
function deviceLines({ rows }: CaseResult): string[] {
  return rows.flatMap(({ program, device }) => {
    if (device === undefined) return [];
    const { uploadMs, kernelMs, readBackMs, copyMs } = device;
    const kernel = `kernel ${numberText(kernelMs)} ms on the device (${numberText(kernelMs / copyMs)} times a copy there)`;
    return [`${program}: upload ${numberText(uploadMs)} ms, ${kernel}, read-back ${numberText(readBackMs)} ms`];
  });
}

function missingLines({ missing }: CaseResult): string[] {
  return missing.map(({ program, reason }) => `not measured: ${program}: ${reason}`);
}

function originLines({ command, date, machine }: BenchReport): string[] {
  return [command, `${date.slice(0, 10)}, ${machineText(machine)}`];
}

/** `Intel(R) Xeon(R) Processor, 2 cores, 8 GB, Linux 6.1 x64, Node v20.20.2, load 0.1 before, 1.9 after` */
export function machineText({ processor, cores, memoryGb, system, node, loadBefore, loadAfter }: Machine): string {
  return [
    processor,
    pluralText(cores, 'core'),
    `${memoryGb} GB`,
    system,
    `Node ${node}`,
    `load ${loadBefore} before, ${loadAfter} after`,
  ].join(', ');
}

function coldText({ cold }: Row): string {
  return cold ? [cold.openMs ?? [], cold.firstMs].flat().map(numberText).join(', ') : '';
}

/** Three significant digits, all of a larger number: `0.323`, `1.60`, `20.6`, `16,822`. */
export function numberText(value: number): string {
  if (value >= 99.95) return Math.round(value).toLocaleString('en-GB');
  return value.toFixed(value < 0.9995 ? 3 : value < 9.995 ? 2 : 1);
}

/** Two significant digits: `0`, `0.0002 %`, `1.2 %`. A share above 0 is never written as 0. */
export function shareText(share: number): string {
  return share === 0 ? '0' : `${Number((share * 100).toPrecision(2))} %`;
}

/** Aligns the first column to the left, the others to the right. */
function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])));
    return `  ${cells.join('  ')}`.trimEnd();
  });
}
