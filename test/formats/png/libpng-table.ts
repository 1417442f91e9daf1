import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { CheckedImage } from '../../../src/image.js';

/** Fixtures of PNG files, as a folder. */
export const PNG_FIXTURES = new URL('../../../fixtures/png/', import.meta.url);

/** What libpng said of each file, by its name: `WIDTH HEIGHT SHA-256` of its RGBA pixels, or `refused: REASON`. */
export function readLibpngTable(name: string): Map<string, string> {
  const lines = readFileSync(new URL(name, PNG_FIXTURES), 'utf8').trimEnd().split('\n');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]));
}

/** An image in the words of the table. */
export function tableEntry({ width, height, data }: CheckedImage): string {
  return `${width} ${height} ${createHash('sha256').update(data).digest('hex')}`;
}
