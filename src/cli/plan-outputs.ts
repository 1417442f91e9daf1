/** Which output belongs to which input. Pure: nothing here looks at a disk. */
import { basename, extname, join } from 'node:path';
import { NeighborProductError } from '../errors.js';
import type { TransformRequest } from './program.js';

/** One picture to transform; `-` is standard input or standard output. */
export interface Plan {
  readonly input: string;
  readonly output: string;
}

/** A path that ends as a folder's does. */
export function namesFolder(path: string): boolean {
  return /[/\\]$/.test(path) || ['.', '..'].includes(basename(path));
}

/**
 * @param isFolder whether the output is a folder, so that each picture is written there under its input's name
 * @throws NeighborProductError with code `INVALID_OPTION`, with the command line to type
 */
export function planOutputs({ inputs, output, json }: TransformRequest, isFolder: boolean): Plan[] {
  if (output === undefined) {
    throw usage(`Expected where to write, but received no -o. Type: ${suggestCommand(inputs)}`);
  }
  if (output === '-' && json) {
    throw usage(
      'Expected one of --json and -o - to use standard output, but received both. Write to a file: -o out.png',
    );
  }
  if (inputs.length > 1 && !isFolder) {
    const came = output === '-' ? 'standard output' : `'${output}'`;
    throw usage(`Expected a folder for ${inputs.length} inputs, but received ${came}. Type: ${suggestCommand(inputs)}`);
  }
  const plans = inputs.map((input) => ({ input, output: isFolder ? join(output, outputName(input)) : output }));
  refuseSharedOutput(plans);
  return plans;
}

function outputName(input: string): string {
  return input === '-' ? 'stdin.png' : basename(input);
}

function refuseSharedOutput(plans: readonly Plan[]): void {
  const inputOf = new Map<string, string>();
  for (const { input, output } of plans) {
    const other = inputOf.get(output);
    if (other !== undefined) {
      throw usage(
        `Expected an output of its own for each input, but '${other}' and '${input}' both give '${output}'. ` +
          'Run the command once for each, with another folder.',
      );
    }
    inputOf.set(output, input);
  }
}

function suggestCommand(inputs: readonly string[]): string {
  const output = inputs.length > 1 ? 'products/' : suggestOutput(inputs[0]);
  return ['neighbor-product', ...inputs.map(quote), '-o', quote(output)].join(' ');
}

function suggestOutput(input: string): string {
  if (input === '-') return 'out.png';
  const extension = extname(input);
  return `${input.slice(0, input.length - extension.length)}-product${extension || '.png'}`;
}

/** As a POSIX shell takes it back. */
function quote(word: string): string {
  return /^[\w./@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

export function usage(message: string): NeighborProductError {
  return new NeighborProductError('INVALID_OPTION', message);
}
