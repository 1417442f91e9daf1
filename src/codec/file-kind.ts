/** What a file that is no PNG seems to be, for people. */
export interface FileKind {
  /** With its article: `a JPEG picture`. */
  readonly name: string;
  readonly advice: string;
}

const CONVERT = 'Convert it to PNG first';
const NAME_ANOTHER = 'Name a PNG file';

/** Where a signature stands, its bytes as Latin-1, and what it gives away. */
const SIGNATURES: readonly (readonly [at: number, signature: string, name: string, advice: string])[] = [
  [0, '\xff\xd8\xff', 'a JPEG picture', CONVERT],
  [0, 'GIF8', 'a GIF picture', CONVERT],
  [8, 'WEBP', 'a WebP picture', CONVERT],
  [0, 'II*\0', 'a TIFF picture', CONVERT],
  [0, 'MM\0*', 'a TIFF picture', CONVERT],
  [4, 'ftypavif', 'an AVIF picture', CONVERT],
  [4, 'ftyphei', 'a HEIC picture', CONVERT],
  [4, 'ftypmif1', 'a HEIC picture', CONVERT],
  [4, 'JXL \r\n', 'a JPEG XL picture', CONVERT],
  [0, '\xff\x0a', 'a JPEG XL picture', CONVERT],
  [0, '8BPS', 'a Photoshop document', CONVERT],
  [0, 'qoif', 'a QOI picture', CONVERT],
  [0, '\x8aMNG', 'an MNG animation', CONVERT],
  [0, '<svg', 'an SVG drawing', CONVERT],
  [0, '%PDF', 'a PDF document', NAME_ANOTHER],
  [0, 'PK\x03\x04', 'a ZIP archive', 'Unpack it first'],
  [0, '\x1f\x8b', 'a gzip archive', 'Unpack it first'],
  // Two letters decide little, so these come last.
  [0, 'BM', 'a BMP picture', CONVERT],
  [0, 'P5', 'a PGM picture', CONVERT],
  [0, 'P6', 'a PPM picture', CONVERT],
];

/** Guesses from the first bytes what a file is that has not the signature of PNG. */
export function guessFileKind(file: Uint8Array): FileKind {
  if (file.length === 0) return { name: 'an empty file', advice: NAME_ANOTHER };
  const start = Buffer.from(file.subarray(0, 64)).toString('latin1');
  for (const [at, signature, name, advice] of SIGNATURES) {
    if (start.startsWith(signature, at)) return { name, advice };
  }
  if (/PNG|IHDR/.test(start)) {
    return { name: 'a PNG with a damaged signature', advice: 'Transfer it again in binary mode' };
  }
  if (/^[\t\n\r -~]+$/.test(start)) return { name: 'text', advice: NAME_ANOTHER };
  return { name: `a file that begins with the bytes ${hex(file.subarray(0, 8))}`, advice: NAME_ANOTHER };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
