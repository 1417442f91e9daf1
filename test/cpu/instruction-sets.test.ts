/** A CPU without AVX must never meet an AVX instruction outside the files that are chosen at run time. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const OBJECTS = fileURLToPath(new URL('../../build/Release/obj.target', import.meta.url));
const ADDONS = ['neighbor_product', 'neighbor_product_serial'];
const AVX_OBJECTS = ['simd/avx2.o', 'simd/avx512.o'];

/** The objects of an addon, such as `strip.o` and `simd/avx2.o`, by their paths. */
function objectsOf(addon: string): Record<string, string> {
  const folder = path.join(OBJECTS, addon, 'native-fallback');
  const names = (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.o'));
  return Object.fromEntries(names.sort().map((name) => [name, path.join(folder, name)]));
}

function linesOf(program: string, ...args: string[]): string[] {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1e9 }).split('\n');
}

/** AVX and later encode their instructions with a prefix that the disassembler shows as a leading v. */
function countAvxInstructions(object: string): number {
  return linesOf('objdump', '-d', '--no-show-raw-insn', object).filter((line) => /^\s*[0-9a-f]+:\s+v[a-z]/.test(line))
    .length;
}

const canLook = process.platform === 'linux' && process.arch === 'x64' && existsSync('/usr/bin/objdump');

test.runIf(canLook).each(ADDONS)('%s: only the kernels that are chosen at run time use AVX', (addon) => {
  const counts = Object.entries(objectsOf(addon)).map(
    ([name, object]) => [name, countAvxInstructions(object)] as const,
  );
  expect(Object.fromEntries(counts.filter(([name]) => !AVX_OBJECTS.includes(name)))).toEqual({
    'addon.o': 0,
    'attributes.o': 0,
    'deflate.o': 0,
    'filter.o': 0,
    'instruction_sets.o': 0,
    'png.o': 0,
    'simd/neon.o': 0,
    'simd/portable.o': 0,
    'simd/sse2.o': 0,
    'strip.o': 0,
    'threads.o': 0,
    'unfilter.o': 0,
  });
  const avx = counts.filter(([name]) => AVX_OBJECTS.includes(name));
  expect(avx.map(([name]) => name)).toEqual(AVX_OBJECTS);
  for (const [, count] of avx) expect(count).toBeGreaterThan(100);
});

test.runIf(canLook).each(ADDONS)('%s: the AVX kernels define nothing that other code could be linked to', (addon) => {
  const objects = objectsOf(addon);
  for (const name of AVX_OBJECTS) {
    const symbols = linesOf('nm', '-C', '--defined-only', objects[name]);
    // Of weak symbols of the same name in two files the linker takes the first, for both.
    expect(symbols.filter((line) => / [VWu] /.test(line))).toEqual([]);
    // Their one name is the constant of the instruction set.
    const own = ` neighbor_product::${path.basename(name, '.o')}`;
    expect(symbols.filter((line) => / [A-Z] /.test(line) && !line.endsWith(own))).toEqual([]);
    expect(symbols.some((line) => line.endsWith(own))).toBe(true);
  }
});
