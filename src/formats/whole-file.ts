/** Files that are read as a whole before their image is decoded. */
import { NeighborProductError } from '../errors.js';
import { type ByteSource, type Input, readFrom } from '../files/byte-source.js';

/** A larger file is nearly always uncompressed, and PNG and PAM are read by rows. */
const MAX_FILE_BYTES = 2 ** 30;

/**
 * Reads the bytes that are left.
 *
 * @param format its name, for the error
 * @throws NeighborProductError `OUT_OF_MEMORY` for a file that is too large, `INPUT_UNREADABLE`
 */
export async function readWholeFile(
  format: string,
  source: ByteSource,
  input: Input,
  maxBytes = MAX_FILE_BYTES,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let byteLength = source.byteLength ?? 0;
  for (let taken = 0; byteLength <= maxBytes; ) {
    const piece = await readFrom(input, source.takeSome(maxBytes));
    if (piece.length === 0) return Buffer.concat(pieces);
    pieces.push(piece);
    taken += piece.length;
    byteLength = Math.max(byteLength, taken);
  }
  const size = source.byteLength === undefined ? 'more than' : `${byteLength} bytes, more than`;
  const message = `The ${format} has ${size} the ${maxBytes} bytes that are read as a whole. Convert it to PNG first.`;
  throw new NeighborProductError('OUT_OF_MEMORY', message);
}
