import { deflateSync } from 'node:zlib';
import { crc32 } from './crc32.js';
import { CHUNK_OVERHEAD, PNG_SIGNATURE } from './png-chunks.js';
import type { CheckedPng } from './png-guard.js';

/**
 * A PNG of nothing but what the guard checked. Left out are ancillary chunks, among them a colour key, whose pixels
 * pngjs would turn black; the image data is stored, not compressed again.
 */
export function plainPng({ header, palette, imageData }: CheckedPng): Buffer {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height, 4);
  ihdr.set([header.bitDepth, header.colourType, 0, 0, header.interlaced ? 1 : 0], 8);
  const stored = deflateSync(imageData, { level: 0, chunkSize: imageData.length + (imageData.length >> 12) + 64 });
  return Buffer.concat([
    PNG_SIGNATURE,
    ...chunk('IHDR', ihdr),
    ...(palette ? [...chunk('PLTE', palette.colours), ...chunk('tRNS', palette.alphas)] : []),
    ...chunk('IDAT', stored),
    ...chunk('IEND', new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const lengthAndType = Buffer.alloc(8);
  lengthAndType.writeUInt32BE(data.length);
  lengthAndType.write(type, 4, 'latin1');
  const crc = Buffer.alloc(CHUNK_OVERHEAD - lengthAndType.length);
  crc.writeUInt32BE(crc32(data, crc32(lengthAndType.subarray(4))));
  return [lengthAndType, data, crc];
}
