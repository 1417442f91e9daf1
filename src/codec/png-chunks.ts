import { crc32 } from './crc32.js';
import { guessFileKind } from './file-kind.js';
import { damaged } from './png-error.js';

/** The eight bytes every PNG begins with. */
export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Bytes of a chunk beside its data: length, type and CRC. */
export const CHUNK_OVERHEAD = 12;

export interface Chunk {
  /** Four letters. */
  readonly type: string;
  /** A view into the file's memory. */
  readonly data: Uint8Array;
  /** False for an ancillary chunk with a wrong CRC, which libpng takes as absent; a critical one is always intact. */
  readonly intact: boolean;
}

/**
 * The chunks of a PNG file in order, IEND the last; what follows IEND is of no interest.
 *
 * @throws NeighborProductError with code `INVALID_PNG`, while it is iterated over
 */
export function* readChunks(file: Uint8Array): Generator<Chunk, undefined> {
  checkSignature(file);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let at = PNG_SIGNATURE.length;
  let type = '';
  while (type !== 'IEND') {
    if (file.length - at < CHUNK_OVERHEAD) throw cutShort('another chunk', file);
    const byteLength = view.getUint32(at);
    const typeAndData = file.subarray(at + 4, at + 8 + byteLength);
    type = String.fromCharCode(...typeAndData.subarray(0, 4));
    if (!/^[A-Za-z]{4}$/.test(type)) throw damaged(`a chunk at byte ${at}`, 'its type is not four letters');
    if (byteLength > file.length - at - CHUNK_OVERHEAD) throw cutShort(`${byteLength} bytes of ${type} data`, file);
    const intact = crc32(typeAndData) === view.getUint32(at + 8 + byteLength);
    if (!intact && isCritical(type)) throw damaged(`the ${type} chunk at byte ${at} to be intact`, 'its CRC is wrong');
    yield { type, data: typeAndData.subarray(4), intact };
    at += CHUNK_OVERHEAD + byteLength;
  }
}

/** Whether a decoder must understand a chunk: an upper case first letter says so. */
export function isCritical(type: string): boolean {
  return type[0] <= 'Z';
}

function checkSignature(file: Uint8Array): void {
  if (PNG_SIGNATURE.every((byte, at) => file[at] === byte)) return;
  const { name, advice } = guessFileKind(file);
  throw damaged('a PNG file', `this is ${name}`, advice);
}

function cutShort(what: string, file: Uint8Array) {
  return damaged(what, `the file ends after ${file.length} bytes`, 'It was cut short: download or export it again');
}
