/** The manual page, in the macros of man(7), from the option tables. */
import { type DescribedCommand, type DescribedOption, describeCommands } from './command-table.js';
import { EXIT_CODES } from './exit-codes.js';
import { EXAMPLES, readVersion } from './program.js';

/** Besides those of options. */
const VARIABLES = [
  { name: 'NO_COLOR', meaning: 'set to anything: no colours, also on a terminal' },
  { name: 'FORCE_COLOR', meaning: 'set to anything but 0 or false: colours, also without a terminal' },
  { name: 'VK_DRIVER_FILES', meaning: 'the Vulkan driver files to use, for a GPU whose driver is not found' },
];

/** @returns roff, ended by a line break */
export function manPage([transform, ...commands] = describeCommands()): string {
  return `${[
    `.TH NEIGHBOR\\-PRODUCT 1 "" "neighbor\\-product ${readVersion()}" "User Commands"`,
    '.nh', // names broken by a hyphen cannot be copied
    '.ad l',
    ...section('NAME', [`neighbor\\-product \\- ${roff(lowerFirst(transform.description).replace(/\.$/, ''))}`]),
    ...section('SYNOPSIS', [[transform, ...commands].flatMap(synopses).join('\n.br\n')]),
    ...section('DESCRIPTION', [
      roff(transform.description),
      'Every backend, on a GPU or a CPU, writes the same bytes.',
      ...operandEntry(transform),
    ]),
    ...section('OPTIONS', transform.options.flatMap(optionEntry)),
    ...section('COMMANDS', commands.flatMap(commandSection)),
    ...section('ENVIRONMENT', [...optionVariables(transform), ...VARIABLES].flatMap(variableEntry)),
    ...section('EXIT STATUS', [
      'Of several failures, the first one counts.',
      ...EXIT_CODES.flatMap(({ exitCode, meaning }) => entry(bold(String(exitCode)), meaning)),
    ]),
    ...section('EXAMPLES', ['.EX', ...EXAMPLES.map(roff), '.EE']),
  ].join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines];
}

function synopses({ name, operand }: DescribedCommand): string[] {
  const [program, options] = [bold('neighbor-product'), `[${italic('options')}]`];
  if (name === '') {
    // The second form is for an output that does not exist yet.
    const forms = [
      `${italic('input')}... ${bold('-o')} ${italic('output')}`,
      `${italic('input')} ${italic('new-output')}`,
    ];
    return forms.map((form) => `${program} ${options} ${form}`);
  }
  const end = operand === undefined ? options : operand.isOptional ? `[${italic(operand.name)}]` : italic(operand.name);
  return [`${program} ${bold(name)} ${end}`];
}

function commandSection(command: DescribedCommand): string[] {
  const { name, description, options } = command;
  return [`.SS ${roff(name)}`, roff(`${description}.`), ...operandEntry(command), ...options.flatMap(optionEntry)];
}

function operandEntry({ operand }: DescribedCommand): string[] {
  return operand ? entry(italic(operand.name), `${operand.description} ${remarks(operand)}`) : [];
}

function optionEntry({ flags, value, description, ...facts }: DescribedOption): string[] {
  const names = flags.map(bold).join(', ');
  const remark = remarks({ choices: value?.choices ?? [], ...facts });
  return entry(value ? `${names} ${italic(value.name)}` : names, `${description} ${remark}`);
}

interface Remarkable {
  readonly choices: readonly string[];
  readonly defaultValue?: string;
  readonly variable?: string;
}

/** In brackets, as in the help. */
function remarks({ choices, defaultValue, variable }: Remarkable): string {
  const parts = [
    ...(choices.length > 0 ? [`choices: ${choices.join(', ')}`] : []),
    ...(defaultValue !== undefined ? [`default: ${defaultValue}`] : []),
    ...(variable !== undefined ? [`environment: ${variable}`] : []),
  ];
  return parts.length > 0 ? `(${parts.join('; ')})` : '';
}

function optionVariables({ options }: DescribedCommand): { name: string; meaning: string }[] {
  return options.flatMap(({ variable, flags }) =>
    variable === undefined ? [] : [{ name: variable, meaning: `the value of ${flags.at(-1)} if that is not given` }],
  );
}

function variableEntry({ name, meaning }: { name: string; meaning: string }): string[] {
  return entry(bold(name), meaning);
}

/** @param term roff */
function entry(term: string, text: string): string[] {
  return ['.TP', term, roff(text.trim())];
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`;
}

const SPECIAL: Readonly<Record<string, string>> = {
  '\\': '\\(rs',
  '-': '\\-',
  '^': '\\(ha',
  '~': '\\(ti',
  '`': '\\(ga',
};

/** Escapes what roff interprets: some characters anywhere, and a point or an apostrophe at the start of a line. */
function roff(text: string): string {
  return text.replace(/[\\^~`-]/g, (character) => SPECIAL[character]).replace(/^(?=[.'])/, '\\&');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
