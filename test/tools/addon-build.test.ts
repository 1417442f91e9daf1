import { execSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

test('the addon finds its headers where the name of a folder has a space', () => {
  // node-gyp runs what stands in <!(...) and takes its output for a path.
  const [, written] = /"include_dirs": \["<!@?\((.*)\)"\]/.exec(readFileSync(join(ROOT, 'binding.gyp'), 'utf8')) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'a space-'));
  try {
    cpSync(join(ROOT, 'node_modules/node-addon-api'), join(folder, 'node_modules/node-addon-api'), { recursive: true });
    const printed = execSync(JSON.parse(`"${written}"`), { cwd: folder, encoding: 'utf8' }).trim();
    expect(printed).not.toMatch(/["\s]/);
    expect(existsSync(join(folder, printed, 'napi.h'))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
