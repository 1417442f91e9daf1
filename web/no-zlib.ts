/** In place of node:zlib: src/formats/png/chunks.ts takes its CRC from there where there is one. */
export const crc32 = undefined;
