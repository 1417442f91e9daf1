/**
 * Scripts that complete the command line in bash, zsh and fish. They are complete: pressing TAB starts no Node; what is
 * completed is what the option table said when the script was printed.
 */
import { READABLE_EXTENSIONS } from '../formats/formats.js';
import { type DescribedCommand, type DescribedOption, type DescribedValue, describeCommands } from './command-table.js';
import type { Shell } from './options.js';

/** @returns the script, ended by a line break */
export function completionScript(shell: Shell, commands = describeCommands()): string {
  return { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }[shell](commands);
}

/** For bash from 3.2 on, which is what macOS has. bash shows no descriptions. */
function bashCompletion(commands: readonly DescribedCommand[]): string {
  const names = commands.map(({ name }) => name).filter((name) => name !== '');
  return `# bash completion, printed by: neighbor-product completion bash

_neighbor_product_words() {
  while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur")
}

# readline completes file names, and knows how to quote them.
_neighbor_product_path() {
  compopt -o default 2>/dev/null
}

_neighbor_product_images() {
  compopt -o filenames 2>/dev/null
  while IFS='' read -r word; do
    case $word in
      ${READABLE_EXTENSIONS.map(anyCase).join(' | ')}) COMPREPLY+=("$word") ;;
      # The slash distinguishes a folder from the command of that name.
      ${names.join(' | ')}) [[ -d $word ]] && COMPREPLY+=("$word/") ;;
      *) [[ -d \${word/#\\~/$HOME} ]] && COMPREPLY+=("$word") ;;
    esac
  done < <(compgen -f -- "$cur")
  [[ \${#COMPREPLY[@]} -gt 0 ]] || _neighbor_product_path
}

_neighbor_product() {
  local word cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' flags=yes
  COMPREPLY=()
  # bash splits --option=value into three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $COMP_CWORD -gt 1 ]]; then
    case \${COMP_WORDS[1]} in
      ${names.join(' | ')}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == '--' ]] && flags=''; done
  if [[ $flags ]]; then
    case "$command $previous" in
${commands.flatMap(bashValueCases).join('\n')}
    esac
    if [[ $cur == -* ]]; then
      case $command in
${commands.map(bashFlagCase).join('\n')}
      esac
      return
    fi
  fi
  case $command in
${commands.flatMap(bashOperandCase).join('\n')}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    _neighbor_product_words '${names.join(' ')}'
  fi
}

if type compopt &>/dev/null; then
  complete -F _neighbor_product neighbor-product
else # bash 3 offers files where nothing else is offered.
  complete -o default -o filenames -F _neighbor_product neighbor-product
fi
`;
}

/** `*.[pP][nN][gG]`: names with an extension in any case. */
function anyCase(extension: string): string {
  return `*${extension.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`)}`;
}

function bashValueCases({ name, options }: DescribedCommand): string[] {
  return options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => `'${name} ${flag}'`).join(' | ');
    return [`      ${patterns}) ${bashOffer(value)}return ;;`];
  });
}

function bashOffer({ choices, isPath }: DescribedValue): string {
  if (isPath) return '_neighbor_product_path; ';
  return choices.length > 0 ? `_neighbor_product_words '${choices.join(' ')}'; ` : '';
}

function bashFlagCase({ name, options }: DescribedCommand): string {
  return `        '${name}') _neighbor_product_words '${allFlags(options)}' ;;`;
}

function allFlags(options: readonly DescribedOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' ');
}

function bashOperandCase({ name, operand }: DescribedCommand): string[] {
  if (operand === undefined) return [];
  const offered = operand.isPath
    ? '_neighbor_product_images'
    : `_neighbor_product_words '${operand.choices.join(' ')}'`;
  return [`    '${name}') ${offered} ;;`];
}

/** Offers other files where there is no image. */
const ZSH_IMAGES = `_files -g "*(#i)(${READABLE_EXTENSIONS.join('|')})(-.)"`;

/** For zsh, by its own `_arguments`: sourced, or as a file `_neighbor-product` in a folder of $fpath. */
function zshCompletion([transform, ...commands]: readonly [DescribedCommand, ...DescribedCommand[]]): string {
  return `#compdef neighbor-product
# zsh completion, printed by: neighbor-product completion zsh

_neighbor-product_first() {
  local -a commands=(
${commands.map(({ name, description }) => `    ${quoteForZsh(`${name}:${description.replaceAll('\\', '\\\\')}`)}`).join('\n')}
  )
  local none=1
  _describe -t commands command commands && none=0
  ${ZSH_IMAGES} && none=0
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
${[transform, ...commands].map(zshCase).join('\n')}
  esac
}

# A file of $fpath is the body of the function. A sourced one has to register the function.
if [[ $funcstack[1] == _neighbor-product ]]; then
  _neighbor-product "$@"
else
  compdef _neighbor-product neighbor-product
fi
`;
}

function zshCase(command: DescribedCommand): string {
  const specs = [...command.options.flatMap(zshOptionSpecs), ...zshOperandSpecs(command)];
  return `    '${command.name}') _arguments -s -S : \\\n${specs.map((spec) => `      ${quoteForZsh(spec)}`).join(' \\\n')} ;;`;
}

/** One for each flag; the list in front is what it excludes. */
function zshOptionSpecs({ flags, description, value, isAlone }: DescribedOption): string[] {
  const excluded = isAlone ? '(- : *)' : flags.length > 1 ? `(${flags.join(' ')})` : '';
  return flags.map((flag) => {
    // The value of --output may follow = or be a word of its own; that of -o may follow directly.
    const joint = value === undefined ? '' : flag.startsWith('--') ? '=' : '+';
    return `${excluded}${flag}${joint}[${escapeBrackets(description)}]${value ? zshValueSpec(value) : ''}`;
  });
}

function zshOperandSpecs({ name, operand }: DescribedCommand): string[] {
  if (operand === undefined) return [];
  const spec = operand.isPath ? `:image:${ZSH_IMAGES}` : zshValueSpec(operand);
  return [...(name === '' ? ['1: :_neighbor-product_first'] : []), `${operand.isRepeated ? '*' : '1'}${spec}`];
}

/** A message and what to offer; a space offers nothing. */
function zshValueSpec({ name, choices, isPath }: DescribedValue): string {
  if (isPath) return `:${name}:_files`;
  return `:${name}:${choices.length > 0 ? `(${choices.join(' ')})` : ' '}`;
}

function escapeBrackets(text: string): string {
  return text.replace(/[[\]\\]/g, '\\$&');
}

function quoteForZsh(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function fishCompletion([transform, ...commands]: readonly [DescribedCommand, ...DescribedCommand[]]): string {
  return `# fish completion, printed by: neighbor-product completion fish

# Whether this command follows neighbor-product; no argument stands for the transform.
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
    fishLine('__neighbor_product_is_first', `-a ${name} -d ${quoteForFish(description)}`),
  ),
  ...[transform, ...commands].flatMap(fishCommandLines),
].join('\n')}
`;
}

function fishCommandLines({ name, options, operand }: DescribedCommand): string[] {
  const condition = `__neighbor_product_is ${name}`.trim();
  const lines = options.map((option) => fishLine(condition, fishOption(option)));
  return operand === undefined ? lines : [...lines, fishLine(condition, fishOperand(operand))];
}

function fishOption({ flags, description, value }: DescribedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  return [...names, ...fishValue(value), `-d ${quoteForFish(description)}`].join(' ');
}

function fishValue(value: DescribedValue | undefined): string[] {
  if (value === undefined) return [];
  if (value.isPath) return ['-r -F'];
  return value.choices.length > 0 ? [`-x -a ${quoteForFish(value.choices.join(' '))}`] : ['-x'];
}

/** Images first, then other files. */
function fishOperand({ isPath, choices }: DescribedValue): string {
  return isPath
    ? `-k -a '(__fish_complete_suffix ${READABLE_EXTENSIONS.join(' ')})'`
    : `-a ${quoteForFish(choices.join(' '))}`;
}

function fishLine(condition: string, words: string): string {
  return `complete -c neighbor-product -n '${condition}' ${words}`;
}

function quoteForFish(word: string): string {
  return `'${word.replace(/['\\]/g, '\\$&')}'`;
}
