/** Mistakes on a command line as sentences: what was expected, what came instead, what to do. */
import { NeighborProductError } from '../errors.js';

/** The error of a command line that is not valid. */
export function usage(message: string, cause?: Error): NeighborProductError {
  return new NeighborProductError('INVALID_OPTION', message, { cause });
}

/** An error of commander. */
interface ParseError {
  readonly code: string;
  readonly message: string;
}

/** The command that a mistake is about. */
export interface MistakenCommand {
  /** Empty for the transform. */
  readonly name: string;
  /** Long names of its options, with dashes. */
  readonly flags: readonly string[];
  /** The arguments without a flag that were given. */
  readonly operands: readonly string[];
  readonly mostOperands: number;
}

/** Commander's message as one line of sentences, without its own prefix. */
export function usageSentence(error: ParseError, command: MistakenCommand): string {
  const { code } = error;
  const message = error.message.replace(/^error: /, '');
  const seeHelp = `See neighbor-product ${command.name} --help.`.replace('  ', ' ');
  if (code === 'commander.unknownOption') return unknownOption(message, command, seeHelp);
  if (code === 'commander.invalidArgument') return invalidValue(message, seeHelp);
  if (code === 'commander.excessArguments') return excessOperands(command, seeHelp);
  if (code === 'commander.optionMissingArgument') {
    return `Expected a value after ${longFlags(message)[0]}, but received none. ${seeHelp}`;
  }
  if (code === 'commander.conflictingOption') {
    const [first, second] = longFlags(message);
    return `Expected ${first} or ${second}, but received both. Leave one of them out.`;
  }
  return `${message[0].toUpperCase()}${message.slice(1)}. ${seeHelp}`;
}

/** `--bakend`, with commander's suggestion; `--out`, `-p` and `-O`, which are too short for that. */
function unknownOption(message: string, { flags }: MistakenCommand, seeHelp: string): string {
  const [, given, suggestion] = /^unknown option '(.*?)'(?:\n\((.*)\))?$/s.exec(message)!;
  const beginning = `--${given.replace(/^-*/, '').toLowerCase()}`;
  const longer = flags.filter((flag) => flag.startsWith(beginning));
  return `Unknown option '${given}'. ${suggestion ?? (longer.length > 0 ? didYouMean(longer) : seeHelp)}`;
}

function didYouMean(words: readonly string[]): string {
  return words.length === 1 ? `Did you mean ${words[0]}?` : `Did you mean one of ${words.join(', ')}?`;
}

/** The value of an option, of its variable or of an argument. */
const OPTION_VALUE = /^option '(.*?)' (?:value|argument) '(.*)' is invalid\. (.*)$/s;
const VARIABLE_VALUE = /^option '.*?' value '(.*)' from env '(\w+)' is invalid\. (.*)$/s;
const OPERAND = /^command-argument value '(.*)' is invalid for argument '(\w+)'\. (.*)$/s;

function invalidValue(message: string, seeHelp: string): string {
  const [name, value, reason] = partsOf(message);
  const choices = /^Allowed choices are (.*)\.$/.exec(reason)?.[1];
  const meant = choices?.split(', ').find((choice) => choice === value.toLowerCase());
  const expected = choices === undefined ? reason : `one of ${choices}`;
  return `Expected ${expected} for ${name}, but received '${value}'. ${meant ? didYouMean([meant]) : seeHelp}`;
}

/** Name, value and what is wrong. */
function partsOf(message: string): [name: string, value: string, reason: string] {
  const variable = VARIABLE_VALUE.exec(message);
  if (variable) return [variable[2], variable[1], variable[3]];
  const operand = OPERAND.exec(message);
  if (operand) return [operand[2], operand[1], operand[3]];
  const [, , value, reason] = OPTION_VALUE.exec(message)!;
  return [longFlags(message)[0], value, reason];
}

function excessOperands({ name, operands, mostOperands }: MistakenCommand, seeHelp: string): string {
  const expected = mostOperands === 0 ? 'no argument' : 'one argument';
  return `Expected ${expected} for ${name}, but received ${operands.map((word) => `'${word}'`).join(', ')}. ${seeHelp}`;
}

/** The long names of the options in a message of commander, which writes `-o, --output <path>`. */
function longFlags(message: string): string[] {
  return [...message.matchAll(/'(?:-\w, )?(--[\w-]+)[^']*'/g)].map(([, flag]) => flag);
}
