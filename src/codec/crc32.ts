import * as zlib from 'node:zlib';

/** The remainder of each byte value, for the reflected polynomial of ISO 3309 that PNG prescribes. */
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/**
 * The CRC-32 of bytes as PNG has it, 0 to 2^32 - 1. Node has one from 20.15 on, which is ten times as fast; importing
 * it by name would keep this package from loading on older ones.
 *
 * @param before the CRC of the bytes that come before these
 */
export const crc32: (bytes: Uint8Array, before?: number) => number = zlib.crc32 ?? crc32InJavaScript;

/** What {@link crc32} is where Node has none. */
export function crc32InJavaScript(bytes: Uint8Array, before = 0): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) crc = REMAINDERS[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
