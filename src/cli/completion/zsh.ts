/** Completion in zsh, by its own `_arguments`: sourced, or as a file `_neighbor-product` in a folder of $fpath. */
import type { DescribedCommand, DescribedOption, DescribedValue } from '../command-table.js';

/** Offers other files where there is no picture. */
const PICTURES = '_files -g "*.(#i)png(-.)"';

export function zshCompletion([transform, ...commands]: readonly [DescribedCommand, ...DescribedCommand[]]): string {
  return `#compdef neighbor-product
# zsh completion, printed by: neighbor-product completion zsh

_neighbor-product_first() {
  local -a commands=(
${commands.map(({ name, description }) => `    ${quote(`${name}:${description.replaceAll('\\', '\\\\')}`)}`).join('\n')}
  )
  local none=1
  _describe -t commands command commands && none=0
  ${PICTURES} && none=0
  return none
}

_neighbor-product() {
  local command=''
  if (( CURRENT > 2 )); then
    case $words[2] in
      ${commands.map(({ name }) => name).join(' | ')}) command=$words[2]; shift words; (( CURRENT-- )) ;;
    esac
  fi
  case $command in
${[transform, ...commands].map(argumentsCase).join('\n')}
  esac
}

# A file of $fpath is the body of the function. Sourced, it has to say what the function is for.
if [[ $funcstack[1] == _neighbor-product ]]; then
  _neighbor-product "$@"
else
  compdef _neighbor-product neighbor-product
fi
`;
}

function argumentsCase(command: DescribedCommand): string {
  const specs = [...command.options.flatMap(optionSpecs), ...operandSpecs(command)];
  return `    '${command.name}') _arguments -s -S : \\\n${specs.map((spec) => `      ${quote(spec)}`).join(' \\\n')} ;;`;
}

/** One for each flag; the list in front is what it excludes besides itself. */
function optionSpecs({ flags, description, value, isAlone }: DescribedOption): string[] {
  const excluded = isAlone ? '(- : *)' : flags.length > 1 ? `(${flags.join(' ')})` : '';
  return flags.map((flag) => {
    // The value of --output may follow = or be a word of its own, that of -o may follow at once.
    const joint = value === undefined ? '' : flag.startsWith('--') ? '=' : '+';
    return `${excluded}${flag}${joint}[${escapeBrackets(description)}]${value ? valueSpec(value) : ''}`;
  });
}

function operandSpecs({ name, operand }: DescribedCommand): string[] {
  if (operand === undefined) return [];
  const spec = operand.isPath ? `:picture:${PICTURES}` : valueSpec(operand);
  return [...(name === '' ? ['1: :_neighbor-product_first'] : []), `${operand.isRepeated ? '*' : '1'}${spec}`];
}

/** A message and what to offer: a space for nothing. */
function valueSpec({ name, choices, isPath }: DescribedValue): string {
  if (isPath) return `:${name}:_files`;
  return `:${name}:${choices.length > 0 ? `(${choices.join(' ')})` : ' '}`;
}

function escapeBrackets(text: string): string {
  return text.replace(/[[\]\\]/g, '\\$&');
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
