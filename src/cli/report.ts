/** A run of the command as text: lines for people, records for programs. Prints nothing. */
import { resolve } from 'node:path';
import { inspect } from 'node:util';
import type { Share } from '../backend.js';
import { isOracle } from '../backends.js';
import { messageOf, NeighborProductError } from '../errors.js';
import { readableName } from '../files/names.js';
import type { ExtraId } from '../formats/extra.js';
import type { CodecUsed, Extra, MetadataChoice } from '../formats/formats.js';
import type { Done, FilePair } from '../image-files/flow.js';
import { doneRecord } from '../image-files/record.js';
import type { Failed, FileOutcome } from '../image-files/transform-files.js';
import type { FailedRecord, SkippedRecord, TotalRecord } from '../records.js';
import { sharesText } from '../shares.js';
import { failureCodeOf } from './exit-codes.js';
import { NothingAsked } from './program.js';
import type { Shard } from './shard.js';

/** Parameters of the terminal's Select Graphic Rendition sequence (ECMA-48, 8.3.117). */
const SGR_FOREGROUND = { red: 31, yellow: 33 } as const;

/**
 * `in.png → out.png  950x535  cpu (avx2, 2 threads)  45 ms (decode 25 ms, transform 1.1 ms, encode 31 ms)`; where several
 * backends took part, `gpu 71 %, cpu 29 %`
 *
 * @param isFallback adds why this backend ran
 */
export function summaryLine(done: Done, isFallback: boolean): string {
  const { file, width, height, images, result, decodeMs, transformMs, encodeMs } = done;
  const { backend, device, shares, reason } = result;
  const why = isFallback ? `; ${reason}` : '';
  const steps = `decode ${duration(decodeMs)}, transform ${duration(transformMs)}, encode ${duration(encodeMs)}`;
  const times = `${duration(done.elapsedMs)} (${steps})`;
  const parts = [
    `${fileName(file.input, STANDARD_INPUT)} → ${fileName(file.output, 'standard output')}`,
    `${images > 1 ? `${images} x ` : ''}${width}x${height}`,
    shares.length > 1 ? sharesText(shares) : `${backend} (${device}${why})`,
    done.verified ? `${times}, verified` : times,
  ];
  return onOneLine(parts.join('  '));
}

/**
 * `in.png  45 %  120 megapixels/s  12 s left`
 *
 * @param all pixels; absent where nobody knows
 */
export function progressText({ input }: FilePair, done: number, all: number | undefined, elapsedMs: number): string {
  const perSecond = (done / elapsedMs) * 1000;
  const share = all === undefined ? [] : [`${Math.floor((100 * done) / all)} %`];
  const left = all === undefined ? [] : [`${Math.ceil((all - done) / perSecond)} s left`];
  const parts = [fileName(input, STANDARD_INPUT), ...share, `${Math.round(perSecond / 1e6)} megapixels/s`, ...left];
  return onOneLine(parts.join('  '));
}

/** The lines that `--verbose` adds. */
export function detailLines(done: Done): string[] {
  const { file, width, height, images, result, fileByteLength, inPlace, codecs, kept, dropped } = done;
  const pixels = width * height * images;
  const place = inPlace === undefined ? '' : `, in place: ${inPlace}`;
  return [
    `  why ${result.backend}: ${result.reason}`,
    ...(result.shares.length > 1 ? result.shares.map(shareLine) : []),
    ...(isOracle(result.backend) ? [] : [`  computed in binary64: ${result.exactPixels} of ${pixels} pixels`]),
    `  read by ${codecText(codecs.decoder)}, written by ${codecText(codecs.encoder)}`,
    ...(kept.length > 0 ? [`  also in the output: ${termsOf(kept)}`] : []),
    ...(dropped.length > 0 ? [`  not in the output: ${termsOf(dropped)}`] : []),
    `  written: ${file.output === '-' ? 'standard output' : resolve(file.output)} (${fileByteLength} bytes)${place}`,
  ].map(onOneLine);
}

function shareLine({ backend, device, rows, elapsedMs }: Share): string {
  return `  ${backend} (${device}): ${rows} rows in ${duration(elapsedMs)}`;
}

/** One line of JSON for an image. */
export function recordLine(outcome: FileOutcome): string {
  return JSON.stringify(outcome.kind === 'done' ? doneRecord(outcome) : failedRecord(outcome));
}

function failedRecord({ file, error }: Failed): FailedRecord {
  const isTemporary = error instanceof NeighborProductError && error.isTemporary;
  return { ...file, error: { code: failureCodeOf(error), message: messageOf(error), isTemporary } };
}

/** One line of JSON for an image that was left out. */
export function skippedLine(file: FilePair): string {
  return JSON.stringify({ ...file, skipped: true } satisfies SkippedRecord);
}

/** What came of all files. */
export interface Total {
  readonly done: number;
  readonly failed: number;
  readonly skipped: number;
  /** After an interruption, or a failure that holds for all. */
  readonly notBegun: number;
  readonly pixels: number;
  readonly elapsedMs: number;
}

/** `495 done, 5 failed, 10 skipped  495 megapixels  12.3 s` */
export function totalLine({ done, failed, skipped, notBegun, pixels, elapsedMs }: Total): string {
  const others = { failed, skipped, 'not begun': notBegun };
  const counts = Object.entries(others).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
  return [[`${done} done`, ...counts].join(', '), megapixelsText(pixels), duration(elapsedMs)].join('  ');
}

/** The last line of JSON, of a run over several files. */
export function totalRecordLine({ pixels, elapsedMs, ...counts }: Total): string {
  const record: TotalRecord = { ...counts, megapixels: pixels / 1e6, elapsedMs: Math.round(elapsedMs) };
  return JSON.stringify(record);
}

function megapixelsText(pixels: number): string {
  const megapixels = pixels / 1e6;
  return `${megapixels < 10 ? megapixels.toFixed(1) : Math.round(megapixels)} megapixels`;
}

/** `part 3 of 8 (SLURM_ARRAY_TASK_ID): 125 of 1000 files` */
export function shardLine({ index, count, variable }: Shard, files: number, allFiles: number): string {
  const origin = variable === undefined ? '' : ` (${variable})`;
  return `part ${index} of ${count}${origin}: ${files} of ${allFiles} files`;
}

/** `123 of 500 files  45 megapixels/s  40 s left` */
export function filesProgressText(ended: number, all: number, pixels: number, elapsedMs: number): string {
  const perSecond = `${Math.round(pixels / elapsedMs / 1e3)} megapixels/s`;
  const left = ended === 0 ? [] : [`${Math.ceil(((all - ended) * elapsedMs) / ended / 1000)} s left`];
  return [`${ended} of ${all} files`, perSecond, ...left].join('  ');
}

export interface ErrorStyle {
  /** The input the error is about, if any. */
  readonly input?: string;
  /** Adds the causes of the error. A defect always has its stack. */
  readonly isVerbose?: boolean;
  readonly isColoured: boolean;
}

/** A line, and what the style adds; a short help for a command line without anything. */
export function errorText(error: unknown, { input, isVerbose, isColoured }: ErrorStyle): string {
  const message = messageOf(error);
  if (error instanceof NothingAsked) return message;
  const isDefect = failureCodeOf(error) === 'DEFECT';
  const origin = isDefect ? 'This is a defect of neighbor-product, please report it: ' : '';
  const line = `${painted('red', 'error:', isColoured)} ${onOneLine(`${subjectOf(message, input)}${origin}${message}`)}`;
  if (isDefect) return `${line}\n${readableName(inspect(error))}`;
  return isVerbose ? [line, ...causeLines(error)].join('\n') : line;
}

/** The chain of causes, without those whose words are there already. */
function causeLines(error: unknown): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>([error]);
  let known = messageOf(error);
  for (let { cause } = Object(error); cause !== undefined && !seen.has(cause); { cause } = Object(cause)) {
    const message = messageOf(cause);
    seen.add(cause);
    if (!known.includes(message)) lines.push(onOneLine(`  cause: ${message}`));
    known += message;
  }
  return lines;
}

export function warningLine(message: string, isColoured: boolean): string {
  return `${painted('yellow', 'warning:', isColoured)} ${onOneLine(message)}`;
}

/** Says nothing of how the picture looks, and is in many files. */
const MINOR: readonly ExtraId[] = ['srgb', 'time', 'other'];

/** What `--metadata` does not decide. */
const NO_METADATA: readonly ExtraId[] = ['16-bit', 'animation', 'trailing-bytes'];

/** The warnings of what an output lacks. Metadata that the user drops needs none. */
export function droppedWarnings(dropped: readonly Extra[], metadata: MetadataChoice | undefined): string[] {
  const major = dropped.filter(({ id }) => !MINOR.includes(id) && (metadata !== 'drop' || NO_METADATA.includes(id)));
  const copyable = major.filter(({ copies }) => copies.length > 0);
  const others = major.filter(({ id, copies }) => copies.length === 0 && id !== '16-bit');
  const advice = `Add --metadata keep to copy ${copyable.length === 1 ? 'it' : 'them'}.`;
  return [
    ...major.filter(({ id }) => id === '16-bit').map(({ term }) => `${term} were rounded to 8 bits.`),
    ...(others.length > 0 ? [`Not in the output: ${termsOf(others)}.`] : []),
    ...(copyable.length > 0 ? [`Not in the output: ${termsOf(copyable)}. ${advice}`] : []),
  ];
}

function termsOf(extras: readonly Extra[]): string {
  return extras.map(({ term }) => term).join(', ');
}

/** As on https://no-color.org, and FORCE_COLOR without a terminal; NO_COLOR wins. */
export function wantsColour(environment: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  return Boolean(FORCE_COLOR) || (isTerminal && TERM !== 'dumb');
}

/** Not by styleText, which in some versions of Node decides by itself whether there are colours. */
function painted(colour: keyof typeof SGR_FOREGROUND, text: string, isColoured: boolean): string {
  return isColoured ? `\u001b[${SGR_FOREGROUND[colour]}m${text}\u001b[39m` : text;
}

function codecText({ name, detail }: CodecUsed): string {
  return `${name} (${detail})`;
}

/** Empty if the message names the input itself. */
function subjectOf(message: string, input: string | undefined): string {
  if (input === undefined) return '';
  const name = fileName(input, STANDARD_INPUT);
  return message.includes(input === '-' ? name : `'${name}'`) ? '' : `${name}: `;
}

const STANDARD_INPUT = 'standard input';

function fileName(path: string, dash: string): string {
  return path === '-' ? dash : path;
}

function duration(elapsedMs: number): string {
  if (elapsedMs >= 10_000) return `${(elapsedMs / 1000).toFixed(1)} s`;
  return `${elapsedMs.toFixed(elapsedMs < 10 ? 1 : 0)} ms`;
}

/** A file's name may contain line feeds, control sequences of a terminal and bytes that are no text. */
function onOneLine(text: string): string {
  return readableName(text).replace(/\p{Cc}/gu, (control) => {
    if (control === '\n') return '\\n';
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
