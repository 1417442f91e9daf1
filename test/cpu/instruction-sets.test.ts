/** A CPU without AVX must never meet an AVX instruction outside the files that are chosen at run time. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const OBJECTS = fileURLToPath(new URL('../../build/Release/obj.target', import.meta.url));

/** AVX and later encode their instructions with a prefix that the disassembler shows as a leading v. */
function countVectorExtensions(library: string): Record<string, number> {
  const folder = path.join(OBJECTS, library, 'native-fallback');
  const objects = readdirSync(folder).filter((name) => name.endsWith('.o'));
  return Object.fromEntries(
    objects.map((name) => {
      const code = execFileSync('objdump', ['-d', '--no-show-raw-insn', path.join(folder, name)], {
        encoding: 'utf8',
        maxBuffer: 1e9,
      });
      return [name, code.split('\n').filter((line) => /^\s*[0-9a-f]+:\s+v[a-z]/.test(line)).length];
    }),
  );
}

const canLook = process.platform === 'linux' && process.arch === 'x64' && existsSync('/usr/bin/objdump');

test.runIf(canLook)('only the kernels that are chosen at run time use AVX', () => {
  const free = { 'addon.o': 0, 'kernel_portable.o': 0, 'kernel_sse2.o': 0, 'neighbor_product.o': 0, 'variants.o': 0 };
  expect(countVectorExtensions('neighbor_product')).toEqual(free);
  expect(countVectorExtensions('neighbor_product_serial')).toEqual(free);
  expect(countVectorExtensions('kernel_avx2')['kernel_avx2.o']).toBeGreaterThan(100);
  expect(countVectorExtensions('kernel_avx512')['kernel_avx512.o']).toBeGreaterThan(100);
});

test.runIf(canLook)('the AVX kernels define nothing that other code could be linked to by accident', () => {
  for (const kernel of ['kernel_avx2', 'kernel_avx512']) {
    const symbols = execFileSync(
      'nm',
      ['-C', '--defined-only', path.join(OBJECTS, kernel, 'native-fallback', `${kernel}.o`)],
      { encoding: 'utf8' },
    );
    // Weak symbols of the same name in two files become one, whichever the linker meets first.
    const weak = symbols.split('\n').filter((line) => / [VWu] /.test(line) && !/Avx(2|512)/.test(line));
    expect(weak).toEqual([]);
  }
});
