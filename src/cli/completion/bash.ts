/** Completion in bash, from 3.2 on: macOS has no newer one. */
import type { DescribedCommand, DescribedOption, DescribedValue } from '../command-table.js';

/** bash shows no descriptions: the script holds none. */
export function bashCompletion(commands: readonly DescribedCommand[]): string {
  const names = commands.map(({ name }) => name).filter((name) => name !== '');
  return `# bash completion, printed by: neighbor-product completion bash

_neighbor_product_words() {
  while IFS='' read -r word; do COMPREPLY+=("$word"); done < <(compgen -W "$1" -- "$cur")
}

# Nothing of our own: readline completes the name of a file, and knows best how to quote it.
_neighbor_product_path() {
  compopt -o default 2>/dev/null
}

_neighbor_product_pictures() {
  compopt -o filenames 2>/dev/null
  while IFS='' read -r word; do
    case $word in
      *.[pP][nN][gG]) COMPREPLY+=("$word") ;;
      # Without the slash it could not be told from the command.
      ${names.join(' | ')}) [[ -d $word ]] && COMPREPLY+=("$word/") ;;
      *) [[ -d \${word/#\\~/$HOME} ]] && COMPREPLY+=("$word") ;;
    esac
  done < <(compgen -f -- "$cur")
  [[ \${#COMPREPLY[@]} -gt 0 ]] || _neighbor_product_path
}

_neighbor_product() {
  local word cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command='' flags=yes
  COMPREPLY=()
  # bash takes --option=value for three words.
  if [[ $cur == '=' ]]; then cur=''; elif [[ $previous == '=' ]]; then previous=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [[ $COMP_CWORD -gt 1 ]]; then
    case \${COMP_WORDS[1]} in
      ${names.join(' | ')}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == '--' ]] && flags=''; done
  if [[ $flags ]]; then
    case "$command $previous" in
${commands.flatMap(valueCases).join('\n')}
    esac
    if [[ $cur == -* ]]; then
      case $command in
${commands.map(flagCase).join('\n')}
      esac
      return
    fi
  fi
  case $command in
${commands.flatMap(operandCase).join('\n')}
  esac
  if [[ $COMP_CWORD -eq 1 ]]; then
    _neighbor_product_words '${names.join(' ')}'
  fi
}

if type compopt &>/dev/null; then
  complete -F _neighbor_product neighbor-product
else # bash 3 offers files wherever nothing else is offered.
  complete -o default -o filenames -F _neighbor_product neighbor-product
fi
`;
}

function valueCases({ name, options }: DescribedCommand): string[] {
  return options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => `'${name} ${flag}'`).join(' | ');
    return [`      ${patterns}) ${offer(value)}return ;;`];
  });
}

function offer({ choices, isPath }: DescribedValue): string {
  if (isPath) return '_neighbor_product_path; ';
  return choices.length > 0 ? `_neighbor_product_words '${choices.join(' ')}'; ` : '';
}

function flagCase({ name, options }: DescribedCommand): string {
  return `        '${name}') _neighbor_product_words '${allFlags(options)}' ;;`;
}

function allFlags(options: readonly DescribedOption[]): string {
  return options.flatMap(({ flags }) => flags).join(' ');
}

function operandCase({ name, operand }: DescribedCommand): string[] {
  if (operand === undefined) return [];
  const offered = operand.isPath
    ? '_neighbor_product_pictures'
    : `_neighbor_product_words '${operand.choices.join(' ')}'`;
  return [`    '${name}') ${offered} ;;`];
}
