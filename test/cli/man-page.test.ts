import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeCommands } from '../../src/cli/command-table.js';
import { EXIT_CODES } from '../../src/cli/exit-codes.js';
import { manPage } from '../../src/cli/man-page.js';
import { createProgram, EXAMPLES } from '../../src/cli/program.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const program = createProgram();

test('the page of the package is that of the option table', () => {
  const {
    man: [man],
    files,
  } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  expect(man).toMatch(/^\.\/dist\/[a-z-]+\.1$/);
  expect(files).toContain('dist/*.*');
  expect(readFileSync(path.join(ROOT, man), 'utf8')).toBe(manPage());
});

test('every flag, command, exit code and variable is in it', () => {
  const page = manPage();
  const commands = [program, ...program.commands];
  const options = commands.flatMap((command) => command.options);
  expect(options.length).toBeGreaterThan(30);
  const terms = [
    ...options.flatMap(({ short, long, envVar }) => [short, long, envVar]).filter((name) => name !== undefined),
    ...program.commands.map((command) => command.name()),
    ...EXIT_CODES.map(({ exitCode }) => String(exitCode)),
    'NO_COLOR',
    'FORCE_COLOR',
  ];
  expect(terms.filter((term) => !page.includes(`\\fB${term.replaceAll('-', '\\-')}\\fR`))).toEqual([]);
});

test('what some renderers make another character of is written by name', () => {
  const [transform, ...commands] = describeCommands();
  const options = [{ flags: ['--odd'], description: '~^`-\\', isAlone: false }];
  expect(manPage([{ ...transform, options }, ...commands])).toContain('\n\\(ti\\(ha\\(ga\\-\\(rs\n');
});

/** Renderers that warn, each with the arguments that make it read a page from standard input. */
const RENDERERS = [
  ['groff', ['-man', '-Tutf8', '-P-bcou', '-ww']],
  ['mandoc', ['-Tutf8', '-Wwarning']],
] as const;

describe.each(RENDERERS)('%s', (renderer, args) => {
  const isInstalled = spawnSync(renderer, ['-Tascii'], { input: '' }).error === undefined;

  test('renders every word as it is in the table, and warns of nothing', (context) => {
    if (!isInstalled) {
      process.stderr.write(`NOT RUN: ${renderer} is not installed, so the manual page was not rendered by it.\n`);
      context.skip();
    }
    const { text, warnings } = render(manPage());
    expect(warnings).toEqual([]);
    const sentences = [program, ...program.commands].flatMap((command) => [
      ...command.options.map(({ description }) => description),
      command.description(),
    ]);
    const meanings = EXIT_CODES.map(({ meaning }) => meaning);
    expect([...sentences, ...meanings, ...EXAMPLES].filter((sentence) => !text.includes(sentence))).toEqual([]);
  });

  test.runIf(isInstalled).each(['.TP', "'br", 'a \\fB\\n(.x', '"two" `three` ~ ^ -- -', '\\', '...'])(
    '%j is text',
    (odd) => {
      const [transform, ...commands] = describeCommands();
      const options = [{ flags: ['--odd'], description: `${odd} end`, isAlone: false }];
      const { text, warnings } = render(manPage([{ ...transform, options }, ...commands]));
      expect(warnings).toEqual([]);
      expect(text).toContain(` --odd ${odd} end COMMANDS`);
    },
  );

  test.runIf(isInstalled)('a macro that does not exist would be reported', () => {
    expect(render(`${manPage()}.XYZ\n`).warnings.join()).toContain('XYZ');
  });

  function render(page: string): { text: string; warnings: string[] } {
    const { stdout, stderr } = spawnSync(renderer, args, { input: page, encoding: 'utf8' });
    return {
      // Typewriters print bold by going back and printing again. An apostrophe may be a curved one.
      text: stdout.replace(/.[\b]/g, '').replaceAll('’', "'").replace(/\s+/g, ' '),
      // A date would change the page with every build.
      warnings: stderr.split('\n').filter((line) => !/^$|missing date|see above the output/.test(line)),
    };
  }
});
