/** The remainder of each byte value, for the reflected polynomial of ISO 3309 that PNG prescribes. */
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});

/**
 * The CRC-32 of a PNG chunk's type and data, 0 to 2^32 - 1. Node has `zlib.crc32` from 20.15 on only, and importing a
 * name that is not there would keep this package from loading at all.
 */
export function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at++) crc = REMAINDERS[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
