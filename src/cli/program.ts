/** From arguments to a checked request, by commander. Prints nothing and does not exit. */
import { existsSync, readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, type Option } from 'commander';
import { NeighborProductError } from '../errors.js';
import { pathOf } from '../files/names.js';
import { withDash } from '../files/streams.js';
import { EXIT_CODES } from './exit-codes.js';
import {
  type BenchOptionValues,
  benchOptions,
  type ConformanceOptionValues,
  conformanceOptions,
  type DevicesOptionValues,
  devicesOptions,
  SHELLS,
  type Shell,
  type TransformOptionValues,
  transformOptions,
  valueText,
} from './options.js';
import { suggestCommand } from './suggestions.js';
import { usage, usageSentence } from './usage-errors.js';

/** What the user asks for, every option checked. */
export interface TransformRequest extends TransformOptionValues {
  /** Paths; `-` is standard input. */
  readonly inputs: readonly string[];
  /** The options that were given, apart from the output's, as arguments. */
  readonly otherOptions: readonly string[];
}

/** A command that takes time, so that it can be traced. */
export type Work =
  | { readonly kind: 'transform'; readonly request: TransformRequest }
  | { readonly kind: 'devices'; readonly request: DevicesOptionValues }
  | { readonly kind: 'conformance'; readonly request: ConformanceOptionValues }
  | { readonly kind: 'bench'; readonly request: BenchOptionValues };

export type CommandLine =
  | Work
  | { readonly kind: 'completion'; readonly shell: Shell }
  /** Help or the version, for standard output. */
  | { readonly kind: 'text'; readonly text: string };

/** A command line without anything on it. The message is a short help, of several lines. */
export class NothingAsked extends NeighborProductError {
  constructor() {
    super('INVALID_OPTION', SHORT_HELP);
  }
}

export const EXAMPLES = [
  'neighbor-product in.png -o out.png',
  'neighbor-product *.png -o products/',
  'neighbor-product photos/ -o products/ --skip-existing',
  'neighbor-product - -o - < in.png > out.png',
];

const COMPLETION_HELP = `
bash, in ~/.bashrc:                 eval "$(neighbor-product completion bash)"
zsh, in ~/.zshrc, after compinit:   eval "$(neighbor-product completion zsh)"
fish, in config.fish:               neighbor-product completion fish | source`;

const DESCRIPTION = "Multiplies every pixel's colour channels over its 3x3 neighbourhood and normalises the vector.";

/** The second form is for an output that does not exist yet. */
const USAGES = ['[options] <input...> -o <output>', '[options] <input> <new-output>', '<command> [options]'];
const USAGE = USAGES.join('\n       neighbor-product ');

const EXAMPLE_LINES = `
Examples:
${EXAMPLES.map((example) => `  ${example}`).join('\n')}`;

const SHORT_HELP = `Usage: neighbor-product ${USAGE}

${DESCRIPTION}
${EXAMPLE_LINES}

neighbor-product --help lists every option and command.`;

const HELP_END = `${EXAMPLE_LINES}

Exit codes (of several failures the first one counts, or 75 if there is one):
${EXIT_CODES.map(({ exitCode, meaning }) => `  ${String(exitCode).padStart(3)}  ${meaning}`).join('\n')}`;

const COMMANDS = [
  {
    name: 'devices',
    description: 'list the backends of this machine, which one auto takes, and what is missing',
    options: devicesOptions,
  },
  {
    name: 'conformance',
    description: 'check that every backend of this machine gives the right bytes',
    options: conformanceOptions,
  },
  {
    name: 'bench',
    description: 'measure every backend of this machine, and a copy of the same bytes for comparison',
    options: benchOptions,
  },
];

/** Those that only print. */
const [COMPLETION, HELP, VERSION] = ['completion', 'help', 'version'];

/** An input of such a name needs a folder before it. */
export const COMMAND_NAMES: readonly string[] = [...COMMANDS.map(({ name }) => name), COMPLETION, HELP, VERSION];

/**
 * The command with its option tables.
 *
 * @param only the name of the one subcommand whose options matter, to save the time for the others; default all
 */
export function createProgram(only?: string): Command {
  const program = new Command('neighbor-product')
    .description(DESCRIPTION)
    .usage(USAGE)
    .argument('[input...]', 'image files, or folders of them; - for standard input')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP_END)
    .enablePositionalOptions()
    .action(() => {});
  for (const option of Object.values(transformOptions())) program.addOption(option);
  const add = (name: string, description: string) =>
    program
      .command(name)
      .description(description)
      .action(() => {});
  for (const { name, description, options } of COMMANDS) {
    const command = add(name, description);
    if (only !== undefined && only !== name) continue;
    for (const option of Object.values<Option>(options())) command.addOption(option);
  }
  add(COMPLETION, 'print a script that completes this command in a shell')
    .addArgument(new Argument('<shell>', 'name of the shell').choices(SHELLS))
    .addHelpText('after', COMPLETION_HELP);
  add(HELP, 'print this help, or that of a command').addArgument(
    new Argument('[command]', 'name of the command').choices(COMMAND_NAMES),
  );
  add(VERSION, 'print the version');
  return program;
}

/**
 * @param args the arguments after the command's name
 * @throws NeighborProductError `INVALID_OPTION`
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  if (args.length === 0) throw new NothingAsked();
  let text = '';
  // A command is looked for behind options, too, in order to say that it comes first.
  const program = createProgram(args.find((arg) => COMMAND_NAMES.includes(arg)) ?? '');
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
    // A variable set to nothing, as by `NAME= command` in a shell, counts as unset.
    if (option.envVar !== undefined && process.env[option.envVar] === '') delete option.envVar;
  }
  const commandNamed = (name = '') => program.commands.find((command) => command.name() === name) ?? program;
  refuseSingleDash(args, commandNamed(args[0]));
  try {
    program.parse(withoutLateCommand(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'text', text };
    return refused(args, commandNamed(program.args[0]), error);
  }
  refuseMisplacedOptions(args, program, chosen);
  refuseFlagsAsValues(chosen);
  switch (chosen.name()) {
    case program.name():
      return { kind: 'transform', request: transformRequest(program, args) };
    case COMPLETION:
      return { kind: 'completion', shell: chosen.processedArgs[0] };
    case HELP:
      return parseCommandLine([...chosen.args, '--help']);
    case VERSION:
      return { kind: 'text', text: `${readVersion()}\n` };
    default:
      return { kind: chosen.name(), request: chosen.opts() } as Work;
  }
}

/** After `--` there is no command, only names of files; commander looks for one there, too. */
function withoutLateCommand(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  if (end < 0 || COMMAND_NAMES.includes(args[0])) return args;
  return args.map((arg, index) => (index > end && COMMAND_NAMES.includes(arg) ? `./${arg}` : arg));
}

function transformRequest(program: Command, typed: readonly string[]): TransformRequest {
  const { args } = program;
  const values = program.opts<TransformOptionValues>();
  if (args.length === 0 && values.filesFrom === undefined) refuseNoInput(typed, program);
  const given = program.options.filter((option) => {
    const name = option.attributeName();
    return program.getOptionValueSource(name) === 'cli' && option.negate === (program.getOptionValue(name) === false);
  });
  const otherOptions = given.flatMap((option) => {
    if (option.long === OUTPUT) return [];
    if (!option.required) return [option.long!];
    return [program.getOptionValue(option.attributeName())].flat().flatMap((value) => [option.long!, valueText(value)]);
  });
  if (values.output === undefined && args.length === 1) refuseNearCommand(args[0]);
  const isToStream = values.output === undefined && args.length === 2 && withDash(args[1], 'output') === '-';
  const output = isToStream ? '-' : values.output && withDash(values.output, 'output');
  const inputs = (isToStream ? [args[0]] : args).map((path) => withDash(path, 'input'));
  return { ...values, output, inputs, otherOptions };
}

const OUTPUT = '--output';

/**
 * What commander refused, with more advice than it has.
 *
 * @throws NeighborProductError `INVALID_OPTION`
 */
function refused(args: readonly string[], command: Command, error: CommanderError): CommandLine {
  const { code, message } = error;
  // Whoever names the output also says what to type, by the inputs.
  if (code === 'commander.optionMissingArgument' && message.includes(OUTPUT)) return parseCommandLine([...args, '']);
  const longNames = command.options.map(({ long }) => long!);
  if (code === 'commander.unknownOption' || code === 'commander.missingArgument') refuseFileLikeOption(args);
  if (code === 'commander.missingArgument') refuseNoInput(args, command);
  if (code === 'commander.unknownOption') {
    if (!COMMAND_NAMES.includes(args[0])) refuseNearCommand(args[0]);
    // In `--bakend=cpu` commander compares the value, too, and then suggests nothing.
    const joined = args.find((arg) => /^--[^=]+=/.test(arg) && message.includes(`'${arg}'`));
    const name = joined?.replace(/=.*/s, '');
    if (name !== undefined && !longNames.includes(name)) {
      return parseCommandLine(COMMAND_NAMES.includes(args[0]) ? [args[0], name] : [name]);
    }
  }
  const mistaken = {
    name: command.parent === null ? '' : command.name(),
    flags: longNames,
    operands: command.args,
    mostOperands: command.registeredArguments.length,
  };
  throw usage(usageSentence(error, mistaken), error);
}

function refuseNoInput(args: readonly string[], command: Command): never {
  refuseFileLikeOption(args);
  throw usage(
    command.name() === COMPLETION
      ? `Expected one of ${SHELLS.join(', ')}, but received none. Type: neighbor-product completion ${SHELLS[0]}`
      : 'Expected an image file, but received none. Type: neighbor-product in.png -o out.png',
  );
}

/** A file whose name begins with a dash. */
function refuseFileLikeOption(args: readonly string[]): void {
  const file = args.find((arg) => /^-[^-]/.test(arg) && existsSync(pathOf(arg)));
  if (file !== undefined) throw usage(`Expected ./ before the name '${file}', which looks like an option.`);
}

/** `device`: no file, and nearly the name of a command. */
function refuseNearCommand(word: string): void {
  if (word.startsWith('-') || existsSync(pathOf(word))) return;
  const names = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const name of COMMAND_NAMES) names.command(name);
  try {
    names.parse([word], { from: 'user' });
  } catch (error) {
    const [, suggestion] = /\n\(Did you mean (.*)\?\)$/.exec((error as Error).message) ?? [];
    if (suggestion !== undefined) throw usage(`Unknown command '${word}'. Did you mean '${suggestion}'?`);
  }
}

/** Refuses `-output out.png`, which commander reads as `-o utput`. */
function refuseSingleDash(args: readonly string[], command: Command): void {
  const end = args.indexOf('--');
  for (const arg of end < 0 ? args : args.slice(0, end)) {
    const flag = `-${arg.replace(/=.*/s, '')}`;
    const isMeant = /^--\w\w/.test(flag) && command.options.some(({ long }) => long === flag);
    if (isMeant) throw usage(`Unknown option '${arg}'. Did you mean ${flag}?`);
  }
}

/** Options before a command belong to the transform; commander would drop them silently. */
function refuseMisplacedOptions(args: readonly string[], program: Command, chosen: Command): void {
  if (chosen === program) return;
  const misplaced = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  if (misplaced === undefined) return;
  const name = chosen.name();
  const mistake = `Expected options of ${name} after its name, but ${misplaced.long} comes before it.`;
  const moved = [name, ...args.filter((_arg, index) => index !== args.indexOf(name))];
  if (isValid(moved)) throw usage(`${mistake} Type: ${suggestCommand(moved)}`);
  throw usage(`${mistake} See neighbor-product ${name} --help.`);
}

function isValid(args: readonly string[]): boolean {
  try {
    parseCommandLine(args);
    return true;
  } catch {
    return false;
  }
}

/** Refuses `-o --verify`: the value was forgotten. */
function refuseFlagsAsValues(command: Command): void {
  const flags: unknown[] = command.options.flatMap(({ short, long }) => [short, long]);
  for (const option of command.options) {
    const value = command.getOptionValue(option.attributeName());
    if (!option.required || !flags.includes(value ?? '')) continue;
    throw usage(`Expected a value after ${option.long}, but received the option ${value}. Put the value between them.`);
  }
}

/** Of the bundle's package; absent in what is not bundled. */
declare const PACKAGE_VERSION: string | undefined;

export function readVersion(): string {
  if (typeof PACKAGE_VERSION === 'string') return PACKAGE_VERSION;
  return JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version;
}
