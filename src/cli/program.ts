/** From arguments to a checked request, by commander. Prints nothing and does not exit. */
import { readFileSync } from 'node:fs';
import { Argument, Command, CommanderError, type Option } from 'commander';
import { NeighborProductError } from '../errors.js';
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
} from './options.js';

/** What the user asks for, every option checked. */
export interface TransformRequest extends TransformOptionValues {
  /** Paths; `-` is standard input. */
  readonly inputs: readonly string[];
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

export const EXAMPLES = [
  'neighbor-product in.png -o out.png',
  'neighbor-product *.png -o products/',
  'neighbor-product - -o - < in.png > out.png',
];

const COMPLETION_HELP = `
bash, in ~/.bashrc:                 eval "$(neighbor-product completion bash)"
zsh, in ~/.zshrc, after compinit:   eval "$(neighbor-product completion zsh)"
fish, in config.fish:               neighbor-product completion fish | source`;

const HELP_END = `
Examples:
${EXAMPLES.map((example) => `  ${example}`).join('\n')}

Exit codes (of several failures, the first one counts):
${EXIT_CODES.map(({ exitCode, meaning }) => `  ${String(exitCode).padStart(3)}  ${meaning}`).join('\n')}`;

/** The command with its option tables. */
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
  for (const option of Object.values(transformOptions())) program.addOption(option);
  const commands = [
    {
      name: 'devices',
      description: 'list the backends of this machine, which one auto takes, and what is missing',
      options: devicesOptions(),
    },
    {
      name: 'conformance',
      description: 'check that every backend of this machine gives the right bytes',
      options: conformanceOptions(),
    },
    {
      name: 'bench',
      description: 'measure every backend of this machine, and a copy of the same bytes for comparison',
      options: benchOptions(),
    },
  ];
  for (const { name, description, options } of commands) {
    const command = program
      .command(name)
      .description(description)
      .action(() => {});
    for (const option of Object.values<Option>(options)) command.addOption(option);
  }
  program
    .command('completion')
    .description('print a script that completes this command in a shell')
    .addArgument(new Argument('<shell>', 'name of the shell').choices(SHELLS))
    .addHelpText('after', COMPLETION_HELP)
    .action(() => {});
  return program;
}

/**
 * @param args the arguments after the command's name
 * @throws NeighborProductError `INVALID_OPTION`
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
    // A variable set to nothing, as by `NAME= command` in a shell, counts as unset.
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
  if (chosen === program) {
    const options = program.opts<TransformOptionValues>();
    const inputs = program.args.map((path) => withDash(path, 'input'));
    const output = options.output && withDash(options.output, 'output');
    return { kind: 'transform', request: { ...options, output, inputs } };
  }
  refuseMisplacedOptions(program, chosen);
  if (chosen.name() === 'completion') return { kind: 'completion', shell: chosen.processedArgs[0] };
  return { kind: chosen.name(), request: chosen.opts() } as Work;
}

/** Options before a command belong to the transform; commander would drop them silently. */
function refuseMisplacedOptions(program: Command, chosen: Command): void {
  const misplaced = program.options.find((option) => program.getOptionValueSource(option.attributeName()) === 'cli');
  if (misplaced === undefined) return;
  const name = chosen.name();
  const message = `Expected options of ${name} after its name, but ${misplaced.long} comes before it.`;
  throw new NeighborProductError('INVALID_OPTION', `${message} See neighbor-product ${name} --help.`);
}

/** The name in `--bakend=cpu`: commander compares the value, too, and then suggests nothing. */
function joinedUnknownName(args: readonly string[], { code, message }: CommanderError): string | undefined {
  const joined = args.find((arg) => /^--[^=]+=/.test(arg) && message.includes(`'${arg}'`));
  return code === 'commander.unknownOption' ? joined?.replace(/=.*/s, '') : undefined;
}

/** Commander's message as one line of sentences, without its own prefix. */
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
