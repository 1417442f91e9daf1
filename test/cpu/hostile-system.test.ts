/** What would end the process if the addon did not look out: processes of their own show it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openMpAddon } from './addons.js';

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../dist/index.js')).href;

/** @returns what the module prints, as JSON */
function runModule(source: string, env: NodeJS.ProcessEnv = {}, flags: readonly string[] = []): unknown {
  const module = `const { transform, transformSync } = await import('${LIBRARY}');\n${source}`;
  const args = [...flags, '--input-type=module', '--eval', module];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The process ended with ${status ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}

describe.runIf(process.platform === 'linux')('threads that do not start', () => {
  const TRANSFORM = `
    const image = { data: new Uint8Array(1500 * 1500 * 4).fill(200), width: 1500, height: 1500, channels: 4 };
    const results = [await transform(image, { backend: 'cpu', threads: 16 }), transformSync(image, { threads: 16 })];
    console.log(JSON.stringify(results.map(({ device }) => device)));`;

  it.each([
    ['OMP_STACKSIZE', '2000G'],
    ['GOMP_STACKSIZE', '2000G'],
    ['OMP_STACKSIZE', '+2000G'],
    ['OMP_STACKSIZE', '-1B'],
  ])('are fewer, and the result says so: %s=%s', (variable, size) => {
    const devices = runModule(TRANSFORM, { [variable]: size }) as string[];
    for (const device of devices) expect(device).toMatch(/, 1 of 16 threads: the system starts no more$/);
  });

  it.each(['512K', '512', ' 1 m ', '4194304B', 'nonsense', '-1', '1T'])('a stack size of %j is no obstacle', (size) => {
    const devices = runModule(TRANSFORM, { OMP_STACKSIZE: size }) as string[];
    for (const device of devices) expect(device).toMatch(/, 16 threads$/);
  });

  it('a limit of OpenMP is in the result, and not blamed on the system', () => {
    const devices = runModule(TRANSFORM, { OMP_THREAD_LIMIT: '3' }) as string[];
    for (const device of devices) expect(device).toMatch(/, 3 threads$/);
  });
});

describe('memory that is transferred while a transform runs', () => {
  it.each(['image', 'output'])('is an error: the %s', (moved) => {
    const codes = runModule(
      `
      const codes = [];
      const [width, height] = [4000, 3000];
      for (let k = 0; k < 4; k++) {
        const image = { data: new Uint8Array(width * height * 4).fill(200), width, height };
        const output = { data: new Uint8Array(width * height * 4), width, height };
        const done = transform({ ...image, channels: 4 }, { backend: 'cpu', border: 'wrap', output: { ...output, channels: 4 } });
        await new Promise((resolve) => setTimeout(resolve, 2));
        const { buffer } = { image, output }.${moved}.data;
        structuredClone(buffer, { transfer: [buffer] });
        globalThis.gc();
        codes.push(await done.then(() => 'resolved', (error) => error.code));
      }
      console.log(JSON.stringify(codes));`,
      {},
      ['--expose-gc'],
    );
    expect(codes).toEqual(['INVALID_IMAGE', 'INVALID_IMAGE', 'INVALID_IMAGE', 'INVALID_IMAGE']);
  });
});

describe.runIf(process.platform === 'linux')('attributes of a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'neighbor-product-attributes-'));
    for (const name of ['from', 'to']) writeFileSync(join(folder, name), name);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const python = (source: string) =>
    execFileSync('python3', ['-c', `import os\n${source}`], { cwd: folder, encoding: 'utf8' }).trim();
  const copy = (from: string, to: string) =>
    openMpAddon.copyAttributes(Buffer.from(join(folder, from)), Buffer.from(join(folder, to)));

  it('are copied: an access control list, which decides the mode, and others', () => {
    // Version 2; owner rw, user 1 rw, group r, mask rw, others none (linux/posix_acl_xattr.h).
    const list = '0200000001000600ffffffff020006000100000004000400ffffffff10000600ffffffff20000000ffffffff';
    python(`os.setxattr('from', 'system.posix_acl_access', bytes.fromhex('${list}'))`);
    python(`os.setxattr('from', 'user.note', b'\\0kept')`);
    copy('from', 'to');
    expect(python(`print(os.getxattr('to', 'system.posix_acl_access').hex())`)).toBe(list);
    expect(python(`print(os.getxattr('to', 'user.note'))`)).toBe(`b'\\x00kept'`);
    expect(python(`print(oct(os.stat('to').st_mode & 0o777))`)).toBe('0o660');
  });

  it('that the other file lacks are removed', () => {
    python(`os.setxattr('to', 'user.note', b'old')`);
    copy('from', 'to');
    expect(python(`print(os.listxattr('to'))`)).toBe('[]');
  });

  it('may be none', () => expect(() => copy('from', 'to')).not.toThrow());

  it('are an error where they cannot be copied', () => {
    expect(() => copy('missing', 'to')).toThrow(/No such file/);
  });
});
