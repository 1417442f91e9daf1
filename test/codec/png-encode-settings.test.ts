import { describe, expect, it } from 'vitest';
import type { Encode, PackedPicture } from '../../src/codec/png-codec.js';
import { chooseSettings, sampleRows } from '../../src/codec/png-encode-settings.js';

const PICTURE = numberedRows(10, 5000);

describe('chooseSettings takes', () => {
  const settings = [120, 114, 100].map((byteLength) => encoderOf(byteLength));

  it.each([
    ['fast', 0],
    ['balanced', 1],
    ['small', 2],
  ] as const)('for %s the setting at %s', (compression, at) => {
    expect(chooseSettings(settings, PICTURE, compression)).toBe(settings[at]);
  });

  it('the only one without asking it', () => {
    const only: Encode = () => {
      throw new Error('asked');
    };
    expect(chooseSettings([only], PICTURE, 'small')).toBe(only);
  });
});

describe('sampleRows', () => {
  it('takes four bands, evenly spaced', () => {
    const { data, height, width } = sampleRows(PICTURE);
    const rows = Array.from({ length: height }, (_, y) => data.readUInt16LE(y * width * 3));
    const bandRows = 409;
    expect({ height, width }).toEqual({ height: 4 * bandRows, width: 10 });

    expect([0, 1, 2, 3].map((band) => rows[band * bandRows])).toEqual([420, 1670, 2920, 4170]);
    expect(rows.slice(0, bandRows)).toEqual(Array.from({ length: bandRows }, (_, y) => rows[0] + y));
  });

  it('takes four rows of a wide picture', () => expect(sampleRows(numberedRows(2 ** 14, 17)).height).toBe(16));

  it('takes all of a low one', () => {
    const low = numberedRows(10, 4 * 409);
    expect(sampleRows(low)).toBe(low);
  });
});

function encoderOf(byteLength: number): Encode {
  return () => new Uint8Array(byteLength);
}

/** RGB, each row begun by its number. */
function numberedRows(width: number, height: number): PackedPicture {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) data.writeUInt16LE(y, y * width * 3);
  return { data, width, height, channels: 3 };
}
