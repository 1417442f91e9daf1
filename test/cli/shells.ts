/** Asks the shells themselves what they offer where a user presses TAB. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Shell } from '../../src/cli/options.js';
import { folderWith } from './command.js';

export interface Offer {
  readonly word: string;
  /** Absent where the shell shows none. */
  readonly description?: string;
}

/** Words behind `neighbor-product`; the last one is being typed. */
export type Typed = readonly string[];

export function isInstalled(shell: Shell): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

/** The shell's errors about the script's syntax; empty if it is valid. */
export function checkSyntax(shell: Shell, script: string): string {
  const file = path.join(folderWith({ script }), 'script');
  const { status, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' });
  return status === 0 ? stderr : `${stderr}exit code ${status}`;
}

/** @returns what is offered for each line, sorted; folders without a slash */
export function offersOf(shell: Shell, script: string, lines: readonly Typed[], cwd: string): Offer[][] {
  return DRIVERS[shell](script, lines, cwd).map((offers) =>
    offers
      .map((offer) => ({ ...offer, word: offer.word.replace(/^--[a-z-]+=/, '').replace(/\/$/, '') }))
      .sort((a, b) => (a.word < b.word ? -1 : 1)),
  );
}

const DRIVERS = { bash: askBash, zsh: askZsh, fish: askFish };

/** The function that bash would call; compopt works in a real completion only, so a function stands in for it. */
function askBash(script: string, lines: readonly Typed[], cwd: string): Offer[][] {
  const calls = lines.map((words) => {
    // As bash cuts a line by COMP_WORDBREAKS.
    const cut = ['neighbor-product', ...words].flatMap((word) => word.split(/(=)/)).map(quote);
    if (words.at(-1)?.endsWith('=')) cut.pop();
    return `ask ${cut.join(' ')}`;
  });
  const driver = `
compopt() { [[ $* == '-o default' ]] && readline=yes; }
source ./script
ask() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) readline=''
  _neighbor_product
  [[ $readline ]] && while read -r name; do COMPREPLY+=("$name"); done < <(compgen -f -- "\${COMP_WORDS[COMP_CWORD]#=}")
  [[ \${#COMPREPLY[@]} -gt 0 ]] && printf '%s\\n' "\${COMPREPLY[@]}"
  echo END
}
cd ${quote(cwd)}
${calls.join('\n')}`;
  const folder = folderWith({ script, driver });
  const { stdout, stderr } = spawnSync('bash', ['--norc', 'driver'], { cwd: folder, encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return recordsIn(stdout, lines).map((words) => words.map((word) => ({ word })));
}

/** An interactive zsh on a terminal of its own, whose `compadd` notes what it adds to the list. */
function askZsh(script: string, lines: readonly Typed[], cwd: string): Offer[][] {
  const inner = `
PS1=''
stty columns 1000
unset zle_bracketed_paste
autoload -U compinit && compinit -D -u
source ./script
compadd() {
  if [[ -z \${@[(r)-[OAD]]} ]]; then
    local -a words texts
    local at=\${@[(i)-d]}
    builtin compadd -O words "$@"
    [[ at -le $# ]] && texts=(\${(P)@[at+1]})
    local i; for (( i = 1; i <= $#words; i++ )); do print -r -- \${(Q)words[i]}$'\\t'$texts[i] >> $RECORD; done
  fi
  builtin compadd "$@"
}
tab() { zle list-choices; print END >> $RECORD; zle kill-whole-line }
zle -N tab
bindkey '^I' tab
cd ${quote(cwd)}
print READY`;
  const driver = `
zmodload zsh/zpty
zpty pty zsh -f -i
zpty -w pty 'source ./inner'
zpty -r pty shown $'*READY\\r\\n*'
integer wanted=0
while IFS='' read -r line; do
  zpty -w -n pty $line$'\\t'
  (( wanted++ ))
  for (( waited = 0; waited < 500; waited++ )); do
    [[ $(grep -c '^END$' $RECORD) -eq $wanted ]] && break
    zpty -r -t pty shown
    sleep 0.02
  done
done < ./typed
zpty -d pty`;
  const typed = `${lines.map((words) => ['neighbor-product', ...words].join(' ')).join('\n')}\n`;
  const folder = folderWith({ script, inner, driver, typed, record: '' });
  const RECORD = path.join(folder, 'record');
  writeFileSync(RECORD, '');
  const { stderr } = spawnSync('zsh', ['-f', 'driver'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, RECORD, TERM: 'xterm' },
  });
  if (stderr !== '') throw new Error(stderr);
  return recordsIn(readFileSync(RECORD, 'utf8'), lines).map((offers) =>
    offers.map((offer) => {
      const [word, text = ''] = offer.split('\t');
      const description = /^.*? +-- (.*)$/.exec(text)?.[1];
      return description === undefined ? { word } : { word, description };
    }),
  );
}

function askFish(script: string, lines: readonly Typed[], cwd: string): Offer[][] {
  const asks = lines.map((words) => `complete -C ${quote(['neighbor-product', ...words].join(' '))}; echo END`);
  const folder = folderWith({ script, driver: `source ./script\ncd ${quote(cwd)}\n${asks.join('\n')}` });
  const { stdout, stderr } = spawnSync('fish', ['--no-config', 'driver'], { cwd: folder, encoding: 'utf8' });
  if (stderr !== '') throw new Error(stderr);
  return recordsIn(stdout, lines).map((offers) =>
    offers.map((offer) => {
      const [word, description] = offer.split('\t');
      return description === undefined ? { word } : { word, description };
    }),
  );
}

/** Lines, and END behind what belongs to each line that was typed. */
function recordsIn(text: string, { length }: readonly Typed[]): string[][] {
  const records = text.split(/^END\n/m).slice(0, -1);
  if (records.length !== length) throw new Error(`Expected ${length} answers of the shell, but received:\n${text}`);
  return records.map((record) => [...new Set(record.split('\n').filter((line) => line !== ''))]);
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
