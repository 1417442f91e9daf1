import { describe, expect, it } from 'vitest';
import { nameFrom, pathOf, readableName } from '../../src/files/names.js';

const NAMES: readonly [string, Buffer][] = [
  ['plain', Buffer.from('a.png')],
  ['UTF-8', Buffer.from('über \u{1F600}.png')],
  ['Latin-1', Buffer.from('caf\xe9.png', 'latin1')],
  ['Latin-1 beside UTF-8', Buffer.concat([Buffer.from('ü\u{1F600}'), Buffer.of(0xe9), Buffer.from('é')])],
  ['a character that is cut off', Buffer.from('\u{1F600}').subarray(0, 3)],
  ['a surrogate written as UTF-8', Buffer.of(0xed, 0xb3, 0xa9)],
  ['an overlong slash', Buffer.of(0xc0, 0xaf)],
  ['every byte', Buffer.from(Uint8Array.from({ length: 255 }, (_, at) => at + 1))],
];

describe('a name', () => {
  it.each(NAMES)('%s keeps its bytes', (_, bytes) => {
    const name = nameFrom(bytes);
    expect(Buffer.compare(Buffer.from(pathOf(name)), bytes)).toBe(0);
  });

  it('of text is that text, for Node too', () => {
    expect(nameFrom(Buffer.from('über.png'))).toBe('über.png');
    expect(pathOf('über.png')).toBe('über.png');
  });

  it('shows bytes that are no text', () => {
    expect(readableName(nameFrom(Buffer.from('caf\xe9.png', 'latin1')))).toBe('caf\\xE9.png');
    expect(readableName('\u{1F600}ü')).toBe('\u{1F600}ü');
  });

  it('that differs in a byte that is no text differs', () => {
    expect(nameFrom(Buffer.of(0xe9))).not.toBe(nameFrom(Buffer.of(0xe8)));
  });
});
