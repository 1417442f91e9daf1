import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadAddon, namePlatform } from '../../src/cpu/addon.js';

const BUILT = 'build/Release/neighbor_product.node';
const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-addon-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the first addon that loads is taken, past those that are missing or broken', () => {
  expect(loadAddon(['prebuilds/none/neighbor_product.node', 'README.md', BUILT])).toHaveProperty('addon');
});

test('a reason for each place', () => {
  const broken = path.join(folder, 'broken.node');
  writeFileSync(broken, 'not a library');
  const place = path.relative('.', broken);
  const loaded = loadAddon(['prebuilds/none/neighbor_product.node', place]);
  expect(loaded).toHaveProperty('reason');
  const { reason } = loaded as { reason: string };
  expect(reason).toMatch(/^prebuilds\/none\/neighbor_product\.node does not exist; .*broken\.node does not load: \S+/);
  expect(reason).not.toContain('\n');
});

test('the advice names the folder of the package', () => {
  expect(loadAddon([])).toHaveProperty('advice', expect.stringContaining(`--prefix "${path.resolve('.')}"`));
});

test.runIf(process.platform === 'linux')('musl and glibc are told apart by the loader that Node names', () => {
  const nodeWith = (name: string, loader: string) => {
    const file = path.join(folder, name);
    writeFileSync(file, `\x7fELF${'\0'.repeat(800)}${loader}\0${'\0'.repeat(9000)}/ld-musl-`);
    return file;
  };
  const plain = `linux-${process.arch}`;
  expect(namePlatform(nodeWith('musl', '/lib/ld-musl-x86_64.so.1'))).toBe(`${plain}-musl`);
  expect(namePlatform(nodeWith('glibc', '/lib64/ld-linux-x86-64.so.2'))).toBe(plain);
  expect(namePlatform(path.join(folder, 'absent'))).toBe(plain);
  expect(namePlatform()).toBe('glibcVersionRuntime' in reportHeader() ? plain : `${plain}-musl`);
});

function reportHeader(): object {
  return (process.report.getReport() as unknown as { header: object }).header;
}
