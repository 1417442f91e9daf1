/** The option tables as plain data, for shell completion and the manual page. */
import { createProgram } from './program.js';

type Command = ReturnType<typeof createProgram>;
type Option = Command['options'][number];

/** The value of an option or an argument. */
export interface DescribedValue {
  /** As in the help, such as `path`. */
  readonly name: string;
  /** Every allowed value; empty where they cannot be listed. */
  readonly choices: readonly string[];
  readonly isPath: boolean;
}

export interface DescribedOption {
  /** One or two, the short one first: `-o`, `--output`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Absent if the option takes none. */
  readonly value?: DescribedValue;
  readonly defaultValue?: string;
  /** The environment variable with the same effect. */
  readonly variable?: string;
  /** Only prints: `--help`, `--version`. */
  readonly isAlone: boolean;
}

interface DescribedOperand extends DescribedValue {
  readonly description: string;
  readonly isRepeated: boolean;
  readonly isOptional: boolean;
}

export interface DescribedCommand {
  /** Empty for the transform. */
  readonly name: string;
  readonly description: string;
  readonly options: readonly DescribedOption[];
  /** The argument without a flag; absent if there is none. */
  readonly operand?: DescribedOperand;
}

/** Placeholders of values that are names of files or folders. */
const PATH_NAMES = ['path', 'file', 'folder'];

/** @returns the transform first, then the named commands */
export function describeCommands(): [DescribedCommand, ...DescribedCommand[]] {
  const program = createProgram();
  return [{ ...describe(program), name: '' }, ...program.createHelp().visibleCommands(program).map(describe)];
}

function describe(command: Command): DescribedCommand {
  const [operand] = command.registeredArguments;
  return {
    name: command.name(),
    description: command.description(),
    options: command.createHelp().visibleOptions(command).map(describeOption),
    ...(operand && {
      operand: {
        name: operand.name(),
        choices: operand.argChoices ?? [],
        isPath: operand.argChoices === undefined,
        description: operand.description,
        isRepeated: operand.variadic,
        isOptional: !operand.required,
      },
    }),
  };
}

function describeOption(option: Option): DescribedOption {
  const { short, long, flags, description, argChoices = [], defaultValue, envVar } = option;
  const [, placeholder] = /<([^>]+)>/.exec(flags) ?? [];
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description,
    ...(placeholder !== undefined && {
      value: { name: placeholder, choices: argChoices, isPath: PATH_NAMES.includes(placeholder) },
    }),
    ...(defaultValue !== undefined && { defaultValue: String(defaultValue) }),
    ...(envVar !== undefined && { variable: envVar }),
    isAlone: long === '--help' || long === '--version',
  };
}
