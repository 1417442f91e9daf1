import { describe, expect, test } from 'vitest';
import { BACKEND_CHOICES } from '../../src/backends.js';
import { BENCH_BACKENDS } from '../../src/bench/choices.js';
import type { DescribedCommand } from '../../src/cli/command-table.js';
import { completionScript } from '../../src/cli/completion.js';
import { SHELLS } from '../../src/cli/options.js';
import { createProgram } from '../../src/cli/program.js';
import { folderWith } from './command.js';
import { checkSyntax, isInstalled, offersOf, type Typed } from './shells.js';

const FILES = { 'a.png': '', 'b [c].PNG': '', 'notes.txt': '', 'sub/d.png': '', 'bench/e.png': '' };
const IMAGES = ['a.png', 'b [c].PNG', 'bench', 'sub'];
const ALL_FILES = [...IMAGES, 'notes.txt'];
const COMMANDS = createProgram().commands.map((command) => command.name());

const OFFERS: readonly (readonly [Typed, readonly string[]])[] = [
  [['--backend', ''], BACKEND_CHOICES],
  [['--backend=c'], ['cpu']],
  [['a.png', '--backend='], BACKEND_CHOICES],
  [['bench', '--backend', ''], BENCH_BACKENDS],
  [['--passes', ''], []],
  [['-o', ''], ALL_FILES],
  [['bench', '--plot', 'n'], ['notes.txt']],
  [['no'], ['notes.txt']],
  [['dev'], ['devices']],
  [['ben'], ['bench']],
  [['a.png', 'dev'], []],
  [['devices', 'n'], []],
  [['completion', ''], SHELLS],
  [['completion', 'z'], ['zsh']],
  [['help', ''], COMMANDS],
  [['help', 'ben'], ['bench']],
  [['--', '-'], []],
];

/** Text that a shell could take for syntax. */
const ODD_DESCRIPTION = `it's [one] of: "two"; $HOME \`three\` \\n \\] 50% *, {4} ~ | & # -- <end>?!`;
const ODD_COMMANDS: [DescribedCommand, DescribedCommand] = [
  {
    name: '',
    description: 'the transform',
    options: [
      { flags: ['--alone'], description: `1 ${ODD_DESCRIPTION}`, isAlone: true },
      { flags: ['-b', '--both'], description: `2 ${ODD_DESCRIPTION}`, isAlone: false },
      {
        flags: ['--count'],
        description: `3 ${ODD_DESCRIPTION}`,
        value: { name: 'n', choices: [], isPath: false },
        isAlone: false,
      },
    ],
    operand: { name: 'input', description: 'images', choices: [], isPath: true, isRepeated: true, isOptional: false },
  },
  { name: 'command', description: ODD_DESCRIPTION, options: [] },
];

describe.each(SHELLS)('%s', (shell) => {
  const script = completionScript(shell);

  test('the script has every flag of the table', () => {
    const program = createProgram();
    const flags = [program, ...program.commands].flatMap((command) => command.options.map(({ long }) => long!));
    expect(flags.length).toBeGreaterThan(30);
    // fish wants names without dashes.
    const written = flags.map((flag) => (shell === 'fish' ? `-l ${flag.slice(2)} ` : flag));
    expect(written.filter((flag) => !script.includes(flag))).toEqual([]);
  });

  test('it is installed, so that its script is driven below', (context) => {
    if (!isInstalled(shell) && shell !== 'bash') {
      process.stderr.write(`NOT RUN: ${shell} is not installed, so its completion was not tried.\n`);
      context.skip();
    }
    expect(checkSyntax(shell, script)).toBe('');
    expect(checkSyntax(shell, `${script}\n)`)).not.toBe('');
  });

  describe.runIf(isInstalled(shell) || shell === 'bash')('driven', () => {
    test('values, files and commands where they belong', () => {
      const lines = OFFERS.map(([typed]) => typed);
      const offered = offersOf(shell, script, lines, folderWith(FILES));
      const words = offered.map((offers) => [...new Set(offers.map(({ word }) => word))]);
      expect(lines.map((typed, index) => [typed, words[index]])).toEqual(
        OFFERS.map(([typed, expected]) => [typed, [...expected].sort()]),
      );
    });

    test('images before other files', () => {
      const [first, later] = offersOf(shell, script, [[''], ['a.png', '']], folderWith(FILES));
      // fish lists the others behind the images.
      const files = shell === 'fish' ? ALL_FILES : IMAGES;
      expect([...new Set(first.map(({ word }) => word))]).toEqual([...new Set([...COMMANDS, ...files])].sort());
      expect(later.map(({ word }) => word)).toEqual([...files].sort());
    });

    test('every flag of every command, with its description', () => {
      const program = createProgram();
      const commands = [program, ...program.commands];
      const lines = commands.map((command) => (command === program ? ['--'] : [command.name(), '--']));
      const offered = offersOf(shell, script, lines, folderWith());
      const expected = commands.map((command) => {
        const options = command.options.map(({ long, description }) => ({ word: long!, description }));
        const all = [...options, { word: '--help', description: 'print this help' }];
        return all
          .map(({ word, description }) => (shell === 'bash' ? { word } : { word, description }))
          .sort((a, b) => (a.word < b.word ? -1 : 1));
      });
      expect(offered).toEqual(expected);
    });

    test('short flags', () => {
      const [offered] = offersOf(shell, script, [['-']], folderWith());
      const shorts = createProgram().options.flatMap(({ short }) => short ?? []);
      expect(offered.map(({ word }) => word)).toEqual(expect.arrayContaining([...shorts, '-h']));
    });

    test('no description is more than text', () => {
      const odd = completionScript(shell, ODD_COMMANDS);
      expect(checkSyntax(shell, odd)).toBe('');
      const [flags, commands] = offersOf(shell, odd, [['--'], ['comm']], folderWith());
      const expected = ODD_COMMANDS[0].options.map(({ flags, description }) => ({ word: flags.at(-1)!, description }));
      expected.push({ word: 'command', description: ODD_DESCRIPTION });
      expect([...flags, ...commands]).toEqual(shell === 'bash' ? expected.map(({ word }) => ({ word })) : expected);
    });
  });
});
