/** Exif data and TIFF files begin with the same kind of directory: entries of twelve bytes, each with a tag. */

const ORIENTATION = 0x0112;
const SHORT = 3;

/** The value of a tag in the first directory, if it is one number of 16 or 32 bits; undefined if there is none. */
export function readEntry(tiff: Uint8Array, tag: number): number | undefined {
  const entry = findEntry(tiff, tag);
  if (entry === undefined) return undefined;
  const { view, at, isLittleEndian } = entry;
  return view.getUint16(at + 2, isLittleEndian) === SHORT
    ? view.getUint16(at + 8, isLittleEndian)
    : view.getUint32(at + 8, isLittleEndian);
}

/** How the picture is to be shown: 1 as it is, 2 to 8 mirrored or turned; undefined if the data does not say. */
export function readOrientation(exif: Uint8Array): number | undefined {
  const entry = findEntry(exif, ORIENTATION);
  const isShort = entry?.view.getUint16(entry.at + 2, entry.isLittleEndian) === SHORT;
  return isShort ? entry.view.getUint16(entry.at + 8, entry.isLittleEndian) : undefined;
}

/** A copy that says that the picture is to be shown as it is, where the data says something of that. */
export function withoutOrientation(exif: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(exif);
  const entry = findEntry(copy, ORIENTATION);
  entry?.view.setUint16(entry.at + 8, 1, entry.isLittleEndian);
  return copy;
}

interface Entry {
  readonly view: DataView;
  readonly at: number;
  readonly isLittleEndian: boolean;
}

function findEntry(tiff: Uint8Array, tag: number): Entry | undefined {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const isLittleEndian = tiff[0] === 0x49; // II; MM is big-endian
  const directory = tiff.length < 8 ? tiff.length : view.getUint32(4, isLittleEndian);
  if (directory + 2 > tiff.length) return undefined;
  const entries = view.getUint16(directory, isLittleEndian);
  for (let at = directory + 2; at < directory + 2 + 12 * entries && at + 12 <= tiff.length; at += 12) {
    if (view.getUint16(at, isLittleEndian) === tag) return { view, at, isLittleEndian };
  }
  return undefined;
}
