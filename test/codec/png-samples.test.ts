import { describe, expect, it } from 'vitest';
import type { CheckedPng } from '../../src/codec/png-guard.js';
import { toRgba8 } from '../../src/codec/png-samples.js';

describe('toRgba8', () => {
  it('rounds every 16-bit sample to the nearest', () => {
    const samples = Uint16Array.from({ length: 65536 }, (_, sample) => sample);
    const rounded = Uint8Array.from(samples, (sample) => Math.round((sample * 255) / 65535));
    expect(Buffer.compare(toRgba8(samples, checked(16)), rounded)).toBe(0);
  });

  it.each([1, 2, 4])('widens every %s-bit sample', (bitDepth) => {
    const most = 2 ** bitDepth - 1;
    const samples = Uint8Array.from({ length: 4 * (most + 1) }, (_, at) => at >> 2);
    const widened = Uint8Array.from(samples, (sample) => Math.round((sample * 255) / most));
    expect(toRgba8(samples, checked(bitDepth))).toEqual(widened);
  });

  it('clears the alpha of the keyed colour alone, compared at 16 bits', () => {
    const samples = Uint16Array.of(0x1234, 0x5678, 0x9abc, 0xffff, 0x1235, 0x5678, 0x9abc, 0xffff);
    const rgba = toRgba8(samples, { ...checked(16), colourKey: [0x1234, 0x5678, 0x9abc] });
    expect([...rgba]).toEqual([0x12, 0x56, 0x9a, 0, 0x12, 0x56, 0x9a, 255]);
  });

  it('takes a grey key as three equal samples', () => {
    const rgba = toRgba8(Uint8Array.of(1, 1, 1, 3, 2, 2, 2, 3), { ...checked(2), colourKey: [2] });
    expect([...rgba]).toEqual([85, 85, 85, 255, 170, 170, 170, 0]);
  });
});

function checked(bitDepth: number): CheckedPng {
  const header = { width: 1, height: 1, bitDepth, colourType: 6, interlaced: false };
  return { header, palette: undefined, colourKey: undefined, imageData: new Uint8Array() };
}
