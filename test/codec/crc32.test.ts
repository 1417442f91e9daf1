import { describe, expect, it } from 'vitest';
import { crc32, crc32InJavaScript } from '../../src/codec/crc32.js';

describe.each([
  ['of Node, where it has one', crc32],
  ['in JavaScript', crc32InJavaScript],
])('crc32 %s', (_, crc32) => {
  it.each([
    // The check value that catalogues of CRCs give, and the CRC every IEND chunk ends with.
    ['123456789', 0xcbf43926],
    ['IEND', 0xae426082],
    ['', 0],
  ])('of %j', (text, crc) => expect(crc32(Buffer.from(text))).toBe(crc));

  it('of bytes that follow others', () => {
    expect(crc32(Buffer.from('6789'), crc32(Buffer.from('12345')))).toBe(0xcbf43926);
  });

  it('of all byte values, as Python zlib.crc32(bytes(range(256)))', () => {
    expect(crc32(Uint8Array.from({ length: 256 }, (_, byte) => byte))).toBe(0x29058c73);
  });
});
