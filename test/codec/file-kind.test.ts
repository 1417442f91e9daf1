import { describe, expect, it } from 'vitest';
import { guessFileKind } from '../../src/codec/file-kind.js';

describe('guessFileKind', () => {
  it.each([
    ['', 'an empty file'],
    ['\xff\xd8\xff\xdb', 'a JPEG picture'],
    ['GIF87a', 'a GIF picture'],
    ['RIFF....WEBPVP8 ', 'a WebP picture'],
    ['RIFF....WAVE\0', 'a file that begins with the bytes 52 49 46 46 2e 2e 2e 2e'],
    ['II*\0', 'a TIFF picture'],
    ['MM\0*', 'a TIFF picture'],
    ['\0\0\0\x20ftypavif', 'an AVIF picture'],
    ['\0\0\0\x20ftypheic', 'a HEIC picture'],
    ['\0\0\0\x0cJXL \r\n\x87\n', 'a JPEG XL picture'],
    ['<svg xmlns="http://www.w3.org/2000/svg">', 'an SVG drawing'],
    ['%PDF-1.7', 'a PDF document'],
    ['PK\x03\x04', 'a ZIP archive'],
    ['BM\x36', 'a BMP picture'],
    ['P6 3 3 255\n', 'a PPM picture'],
    ['\x89PNG\n\x1a\n', 'a PNG with a damaged signature'],
    ['Buongiorno.\r\n\tCiao', 'text'],
    ['\x01\x02', 'a file that begins with the bytes 01 02'],
  ])('%j', (start, name) => expect(guessFileKind(Buffer.from(start, 'latin1')).name).toBe(name));
});
