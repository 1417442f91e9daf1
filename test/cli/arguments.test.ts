import { expect, test } from 'vitest';
import { exactArguments } from '../../src/cli/arguments.js';
import { pathOf } from '../../src/files/names.js';

const LATIN1 = Buffer.from('caf\xe9.png', 'latin1');

function commandLineOf(...args: (string | Buffer)[]): () => Buffer {
  return () => Buffer.concat(args.flatMap((arg) => [Buffer.from(arg), Buffer.of(0)]));
}

/** As Node gives them. */
function asText(...args: (string | Buffer)[]): string[] {
  return args.map((arg) => arg.toString());
}

test('arguments are the last entries of the command line, byte for byte', () => {
  const args = [LATIN1, '-o', 'über.png', '', Buffer.of(0xf0, 0x9f, 0x98), Buffer.from('\ufffd'), ''];
  const exact = exactArguments(asText(...args), commandLineOf('node', '--import', LATIN1, 'main.cjs', ...args));
  expect(exact.map((arg) => Buffer.from(pathOf(arg)))).toEqual(args.map((arg) => Buffer.from(arg)));
});

test('two names never become one', () => {
  const args = [LATIN1, Buffer.from('caf\xe8.png', 'latin1')];
  const [first, second] = exactArguments(asText(...args), commandLineOf('node', 'main.cjs', ...args));
  expect(first).not.toBe(second);
});

test('text is taken as it is: the command line is not read', () => {
  const args = ['über.png', '-o', '\u{1F600}'];
  const read = () => expect.fail('the command line was read');
  expect(exactArguments(args, read)).toEqual(args);
});

test.each<[string, () => Buffer]>([
  ['another system', () => expect.fail('ENOENT')],
  ['a process that has overwritten its command line', commandLineOf('a title')],
  ['other arguments', commandLineOf('node', 'main.cjs', LATIN1, Buffer.from('\xe8', 'latin1'))],
])('%s gives the text that Node gave', (_, read) => {
  const args = asText(LATIN1, 'out.png');
  expect(exactArguments(args, read)).toEqual(args);
});
