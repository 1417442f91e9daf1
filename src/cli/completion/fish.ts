/** Completion in fish. */
import type { DescribedCommand, DescribedOption, DescribedValue } from '../command-table.js';

export function fishCompletion([transform, ...commands]: readonly [DescribedCommand, ...DescribedCommand[]]): string {
  return `# fish completion, printed by: neighbor-product completion fish

# Whether this command stands behind neighbor-product: none for the transform.
function __neighbor_product_is
  set -l words (commandline -opc)
  contains -- "$words[2]" ${commands.map(({ name }) => name).join(' ')}; or set words[2] ''
  test "$words[2]" = "$argv"
end

function __neighbor_product_is_first
  test (count (commandline -opc)) -eq 1
end

complete -c neighbor-product -f
${[
  ...commands.map(({ name, description }) =>
    complete('__neighbor_product_is_first', `-a ${name} -d ${quote(description)}`),
  ),
  ...[transform, ...commands].flatMap(commandLines),
].join('\n')}
`;
}

function commandLines({ name, options, operand }: DescribedCommand): string[] {
  const condition = `__neighbor_product_is ${name}`.trim();
  const lines = options.map((option) => complete(condition, optionWords(option)));
  return operand === undefined ? lines : [...lines, complete(condition, operandWords(operand))];
}

function optionWords({ flags, description, value }: DescribedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...names, ...valueWords(value), `-d ${quote(description)}`].join(' ');
}

function valueWords(value: DescribedValue | undefined): string[] {
  if (value === undefined) return [];
  if (value.isPath) return ['-r -F'];
  return value.choices.length > 0 ? [`-x -a ${quote(value.choices.join(' '))}`] : ['-x'];
}

/** Pictures stand first, unsorted by fish; other files follow. */
function operandWords({ isPath, choices }: DescribedValue): string {
  return isPath ? "-k -a '(__fish_complete_suffix .png)'" : `-a ${quote(choices.join(' '))}`;
}

function complete(condition: string, words: string): string {
  return `complete -c neighbor-product -n '${condition}' ${words}`;
}

function quote(word: string): string {
  return `'${word.replace(/['\\]/g, '\\$&')}'`;
}
