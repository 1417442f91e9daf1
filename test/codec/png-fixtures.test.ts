import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { damagedPngs, validPngs } from '../../fixtures/make-png-fixtures.mjs';
import { PNG_FIXTURES, readLibpngTable } from './libpng-table.js';

describe('the files of fixtures/png are those their script makes', () => {
  it.each([
    { folder: 'valid', made: validPngs() },
    { folder: 'damaged', made: damagedPngs() },
  ])('$folder', ({ folder, made }) => {
    const names = readdirSync(new URL(`${folder}/`, PNG_FIXTURES));
    expect(names.sort()).toEqual([...made.keys()].map((name) => `${name}.png`).sort());
    for (const [name, file] of made) {
      expect(file.equals(readFileSync(new URL(`${folder}/${name}.png`, PNG_FIXTURES))), name).toBe(true);
    }
  });

  it('each with a line from libpng', () => {
    const names = [...validPngs().keys(), ...damagedPngs().keys()].map((name) => `${name}.png`);
    expect([...readLibpngTable('libpng-pixels.txt').keys()].sort()).toEqual(names.sort());
  });
});
