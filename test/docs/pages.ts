/** The project's pages of prose, and what is in them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const { bin } = JSON.parse(readPage('package.json'));

/** The built command. */
export const commandPath = path.join(ROOT, bin['neighbor-product']);

export interface CodeBlock {
  readonly language: string;
  readonly text: string;
}

/** @param name a path from the project's folder */
export function readPage(name: string): string {
  return readFileSync(path.join(ROOT, name), 'utf8');
}

/** Every fenced block of a page; a fence that never ends is an error. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const fences = page.match(/^```/gm) ?? [];
  const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => ({ language, text }));
  if (fences.length !== 2 * blocks.length) throw new Error(`${fences.length} fences make ${blocks.length} blocks`);
  return blocks;
}
