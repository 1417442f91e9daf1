/** From arguments to a checked request. Knows commander; prints nothing and ends nothing. */
import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError } from 'commander';
import type { Compression } from '../codec/png-codec.js';
import { NeighborProductError } from '../errors.js';
import type { Operation, TransformOptions } from '../options.js';
import type { BenchRequest } from './bench.js';
import { SHELLS, type Shell } from './completion/shells.js';
import type { ConformanceRequest } from './conformance.js';
import { EXIT_CODES } from './exit-codes.js';
import {
  createBenchOptions,
  createConformanceOptions,
  createDevicesOptions,
  createOptions,
  type OptionValues,
} from './options.js';

/** What the user asks for, every option checked. */
export interface TransformRequest {
  /** Paths; `-` is standard input. */
  readonly inputs: readonly string[];
  /** A path, or `-` for standard output; absent where none was given. */
  readonly output: string | undefined;
  readonly transform: TransformOptions & Operation;
  readonly maxPixels: number;
  readonly compression: Compression;
  readonly verify: boolean;
  readonly json: boolean;
  /** Path of the trace to write. */
  readonly trace: string | undefined;
  readonly verbosity: 'quiet' | 'normal' | 'verbose';
}

/** What takes time, so that a trace of it may be asked for. */
export type Work = Exclude<CommandLine, { kind: 'text' | 'completion' }>;

export interface DevicesRequest {
  readonly json?: true;
  /** Path of the trace to write. */
  readonly trace?: string;
}

export type CommandLine =
  | { readonly kind: 'transform'; readonly request: TransformRequest }
  | { readonly kind: 'devices'; readonly request: DevicesRequest }
  | { readonly kind: 'conformance'; readonly request: ConformanceRequest }
  | { readonly kind: 'bench'; readonly request: BenchRequest }
  | { readonly kind: 'completion'; readonly shell: Shell }
  /** Help or the version, to be printed on standard output. */
  | { readonly kind: 'text'; readonly text: string };

export const EXAMPLES = [
  'neighbor-product in.png -o out.png',
  'neighbor-product *.png -o products/',
  'neighbor-product - -o - < in.png > out.png',
];

const COMPLETION_HELP = `
bash, in ~/.bashrc:                 eval "$(neighbor-product completion bash)"
zsh, in ~/.zshrc, behind compinit:  eval "$(neighbor-product completion zsh)"
fish, in config.fish:               neighbor-product completion fish | source`;

const HELP_END = `
Examples:
${EXAMPLES.map((example) => `  ${example}`).join('\n')}

Exit codes (with several failures, the first one's):
${EXIT_CODES.map(({ exitCode, meaning }) => `  ${String(exitCode).padStart(3)}  ${meaning}`).join('\n')}`;

/** The command with its option table: what is asked lies in it after `parse`. */
export function createProgram(): Command {
  const program = new Command('neighbor-product')
    .description("Multiplies every pixel's colour channels over its 3x3 neighbourhood and normalises the vector.")
    .usage('[options] <input...> -o <output>')
    .argument('<input...>', 'PNG files; - for standard input')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP_END)
    .enablePositionalOptions()
    .action(() => {});
  for (const option of createOptions()) program.addOption(option);
  const devices = program
    .command('devices')
    .description('list what this machine offers, what auto takes, and what is missing')
    .action(() => {});
  for (const option of createDevicesOptions()) devices.addOption(option);
  const conformance = program
    .command('conformance')
    .description('find out whether every backend of this machine gives the right bytes')
    .action(() => {});
  for (const option of createConformanceOptions()) conformance.addOption(option);
  const bench = program
    .command('bench')
    .description('measure every backend of this machine against a copy of the same bytes')
    .action(() => {});
  for (const option of createBenchOptions()) bench.addOption(option);
  program
    .command('completion')
    .description('print a script that completes this command in a shell')
    .addArgument(new Argument('<shell>', 'whose script').choices(SHELLS))
    .addHelpText('after', COMPLETION_HELP)
    .action(() => {});
  return program;
}

/**
 * @param args what follows the command's name
 * @throws NeighborProductError with code `INVALID_OPTION`
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let text = '';
  const program = createProgram();
  let chosen: Command = program;
  for (const command of [program, ...program.commands]) {
    const writeOut = (part: string) => {
      text += part;
    };
    command.exitOverride().configureOutput({ writeOut, writeErr: () => {} });
    command.hook('preAction', (_program, action) => {
      chosen = action;
    });
  }
  for (const option of program.options) {
    // A variable that is set to nothing is what a shell's `NAME= command` leaves: as good as unset.
    if (option.envVar !== undefined && process.env[option.envVar] === '') delete option.envVar;
  }
  try {
    program.parse(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text };
    const name = joinedUnknownName(args, error);
    const command = program.commands.find((sub) => sub.name() === args[0]);
    const isKnown = (command ?? program).options.some(({ long }) => long === name);
    if (name !== undefined && !isKnown) return parseCommandLine(command ? [command.name(), name] : [name]);
    throw new NeighborProductError('INVALID_OPTION', usageSentence(error), { cause: error });
  }
  if (chosen !== program) refuseMisplacedOptions(program, chosen);
  if (chosen.name() === 'devices') return { kind: 'devices', request: chosen.opts<DevicesRequest>() };
  if (chosen.name() === 'conformance') return { kind: 'conformance', request: chosen.opts<ConformanceRequest>() };
  if (chosen.name() === 'bench') return { kind: 'bench', request: chosen.opts<BenchRequest>() };
  if (chosen.name() === 'completion') return { kind: 'completion', shell: chosen.processedArgs[0] };
  return { kind: 'transform', request: toRequest(program.args, program.opts<OptionValues>()) };
}

/** Options before a command belong to the transform; commander would drop them without a word. */
function refuseMisplacedOptions(program: Command, chosen: Command): void {
  const misplaced = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  if (misplaced === undefined) return;
  const message = `Expected options of ${chosen.name()} behind it, but ${misplaced.long} stands before. See neighbor-product ${chosen.name()} --help.`;
  throw new NeighborProductError('INVALID_OPTION', message);
}

/** The name in `--bakend=cpu`: commander compares the value too, and finds nothing like it. */
function joinedUnknownName(args: readonly string[], { code, message }: CommanderError): string | undefined {
  const joined = args.find((arg) => /^--[^=]+=/.test(arg) && message.includes(`'${arg}'`));
  return code === 'commander.unknownOption' ? joined?.replace(/=.*/s, '') : undefined;
}

function toRequest(inputs: readonly string[], values: OptionValues): TransformRequest {
  const { output, maxPixels, compression, verify = false, json = false, trace, quiet, verbose, ...transform } = values;
  const verbosity = quiet ? 'quiet' : verbose ? 'verbose' : 'normal';
  return { inputs, output, transform, maxPixels, compression, verify, json, trace, verbosity };
}

/** Commander's message as one sentence a line, without its own prefix. */
function usageSentence({ code, message }: CommanderError): string {
  if (code === 'commander.missingArgument' && message.includes("'shell'")) {
    return `Expected one of ${SHELLS.join(', ')}, but received none. Type: neighbor-product completion ${SHELLS[0]}`;
  }
  if (code === 'commander.missingArgument') {
    return 'Expected a PNG file, but received none. Type: neighbor-product in.png -o out.png';
  }
  const [first, suggestion = ''] = message.replace(/^error: /, '').split('\n');
  const sentence = `${first[0].toUpperCase()}${first.slice(1)}`;
  const ended = sentence.endsWith('.') ? sentence : `${sentence}.`;
  return `${ended} ${suggestion.replace(/^\((.*)\)$/, '$1') || 'See neighbor-product --help.'}`;
}

export function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
