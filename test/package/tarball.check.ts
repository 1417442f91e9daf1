/** What is in the package, looked at from outside. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { namePlatform } from '../../src/cpu/addon.js';
import { run } from './programs.js';

/**
 * With the binary of one platform. It was 2 MiB before strips were dealt, which is 100 kB of code and declarations, and before
 * WebAssembly, which is 140 kB: the module three times, as 25 kB of text in the modules, in CommonJS and in the command, and
 * the code round it. 2.25 MiB did not hold the claims of reports, WebAssembly's shared memory and what Deno needs, 70 kB, though
 * comments that declarations have, too, and the addon's symbols went, 110 kB.
 */
const UNPACKED_BYTES_MAX = 2.3 * 2 ** 20;

const copy = inject('copy');
const tarball = inject('tarball');
const folder = path.join(inject('scratch'), 'unpacked');
const root = path.join(folder, 'package');
let files: string[] = [];

beforeAll(() => {
  mkdirSync(folder);
  execFileSync('tar', ['-xzf', tarball, '-C', folder]);
  files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(path.join(root, name)).isFile(),
  );
});

const read = (name: string) => readFileSync(path.join(root, name));
const manifest = () => JSON.parse(read('package.json').toString());

describe('files', () => {
  test('npm packed what lies in the tarball, and no more than the budget', () => {
    const [packed] = JSON.parse(inject('packed'));
    expect(packed.files.map((file: { path: string }) => file.path).sort()).toEqual([...files].sort());
    expect(packed.unpackedSize).toBeGreaterThan(500_000);
    expect(packed.unpackedSize).toBeLessThanOrEqual(UNPACKED_BYTES_MAX);
  });

  test('nothing that only this project needs', () => {
    const areas = new Set(files.map((name) => name.split(path.sep)[0]));
    const unwanted = ['test', 'fixtures', 'bench', 'build', 'bundle', 'node_modules', '.ci', '.github', '.cache'];
    expect(unwanted.filter((name) => areas.has(name))).toEqual([]);
    expect(files.filter((name) => /\.(mjs|tsbuildinfo|tgz|log|o|a)$/.test(name))).toEqual([]);
  });

  test('licence, changelog, sources to build the addon from', () => {
    const wanted = ['LICENSE', 'README.md', 'CHANGELOG.md', 'binding.gyp', 'native-fallback/addon.cc'];
    expect(files).toEqual(expect.arrayContaining([...wanted, 'native-fallback/gcc-runtime-licence.txt']));
  });

  test('every path that the manifest names', () => {
    const { exports, bin, man = [] } = manifest();
    const named = pathsIn([exports, bin, man]).filter((name) => !name.includes('*'));
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  });

  test('every file that a module imports or starts, from the entries on', () => {
    const entries = [...pathsIn(manifest().exports), ...pathsIn(manifest().bin)].map((name) => path.normalize(name));
    const reached = reach(entries.filter((name) => /\.(js|cjs|ts)$/.test(name)));
    expect(reached.size).toBeGreaterThan(30);
    expect([...reached].filter((name) => !files.includes(name))).toEqual([]);
  });

  test('no source maps, nor comments that lead to one: modules are readable as they are', () => {
    expect(files.filter((name) => name.endsWith('.map') || /\bsourceMappingURL=/.test(read(name).toString()))).toEqual(
      [],
    );
  });

  test('no path of the machine it was built on', () => {
    const places = [copy, process.cwd()].map((place) => Buffer.from(place));
    expect(files.filter((name) => places.some((place) => read(name).includes(place)))).toEqual([]);
  });
});

describe('manifest', () => {
  test('installing runs nothing of this package', () => {
    const { scripts, gypfile } = manifest();
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
    expect(gypfile).toBe(false);
  });

  test('webgpu and sharp are optional, and what builds the addon comes along', () => {
    const { dependencies, optionalDependencies } = manifest();
    expect(Object.keys(optionalDependencies)).toEqual(['sharp', 'webgpu']);
    expect(Object.keys(dependencies)).toContain('node-addon-api');
  });
});

describe.runIf(process.platform === 'linux')('the binary for this platform', () => {
  const place = path.join('prebuilds', namePlatform());
  const dynamic = () => execFileSync('objdump', ['-p', path.join(root, place, 'neighbor_product.node')]).toString();

  test('lies beside its OpenMP library and looks for it there only', () => {
    expect(readdirSync(path.join(root, 'prebuilds'))).toEqual([namePlatform()]);
    expect(readdirSync(path.join(root, place)).sort()).toEqual(['libgomp.so.1', 'neighbor_product.node']);
    expect([...dynamic().matchAll(/(?:RPATH|RUNPATH)\s+(.*)/g)].map(([, folders]) => folders)).toEqual(['$ORIGIN']);
  });

  test('needs nothing that Node does not need, but OpenMP', () => {
    const needed = [...dynamic().matchAll(/NEEDED\s+(\S+)/g)].map(([, name]) => name);
    const known =
      /^(libgomp\.so\.1|libstdc\+\+\.so\.6|libgcc_s\.so\.1|libm\.so\.6|libc\.so\.6|libc\.musl-.*|ld-linux.*)$/;
    expect(needed).toContain('libgomp.so.1');
    expect(needed.filter((name) => !known.test(name))).toEqual([]);
  });
});

describe('tools that look at packages', () => {
  test('publint', async () => {
    const bytes = readFileSync(tarball);
    const pack = { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) };
    expect((await publint({ pack, strict: true })).messages).toEqual([]);
  });

  // TypeScript's node10 resolution knows no entry but the first.
  test('are the types wrong', () => {
    const args = ['node_modules/.bin/attw', tarball, '--profile', 'node16', '--format', 'ascii'];
    const { exitCode, stdout } = run(process.execPath, args, { cwd: copy });
    expect(exitCode, stdout).toBe(0);
    for (const entry of ['.', './browser', './conformance', './png'])
      expect(stdout).toContain(entry.replace('.', '"neighbor-product'));
  });

  test('knip: no file, export or dependency that nobody uses', () => {
    const args = ['node_modules/.bin/knip', '--config', 'test/package/knip.jsonc'];
    const { exitCode, stdout, stderr } = run(process.execPath, args, { cwd: copy });
    expect(exitCode, stdout + stderr).toBe(0);
  });
});

/** The files that modules lead to, by imports and by the files that they start as processes and threads. */
function reach(entries: readonly string[]): Set<string> {
  const reached = new Set(entries);
  for (const name of reached) {
    if (!files.includes(name)) continue;
    for (const [, to] of read(name)
      .toString()
      .matchAll(/(?:\bfrom |\bimport\(|\bimport |\brequire\(|new URL\()["'](\.[^"']+\.js)["']/g)) {
      const file = path.join(path.dirname(name), to);
      reached.add(name.endsWith('.d.ts') ? file.replace(/\.js$/, '.d.ts') : file);
    }
  }
  return reached;
}

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : [];
}
