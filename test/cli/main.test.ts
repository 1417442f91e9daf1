import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { completionScript } from '../../src/cli/completion.js';
import { crc32 } from '../../src/formats/png/chunks.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { encodePng } from '../encode-png.js';
import {
  copyWith,
  ended,
  FAULTY_CPU,
  folderWith,
  listing,
  MAIN,
  mainOf,
  PNG_FILE,
  pixelsIn,
  productOf,
  run,
  spawnCommand,
  TERMINAL,
  testImage,
} from './command.js';

const PRODUCT = productOf(PNG_FILE).data;

/** An image whose header says 60000 x 60000, in 45 bytes. */
function hugeHeader(interlaceMethod: 0 | 1): Uint8Array {
  const file = Buffer.alloc(45);
  file.set(PNG_FILE.subarray(0, 33));
  file.writeUInt32BE(60000, 16);
  file.writeUInt32BE(60000, 20);
  file[28] = interlaceMethod;
  file.writeUInt32BE(crc32(file.subarray(12, 29)), 29);
  file.set(PNG_FILE.subarray(-12), 33);
  return file;
}

function damaged(): Uint8Array {
  const file = Uint8Array.from(PNG_FILE);
  file[45] ^= 1;
  return file;
}

/** This very file: nothing that a Vulkan loader could take for a driver. */
const BROKEN_DRIVER = fileURLToPath(import.meta.url);

describe('images', () => {
  test('a file becomes a file; words go to standard error', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const { exitCode, stdout, stderr } = await run(['in.png', '-o', 'out.png'], { cwd });
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 0, stdout: 0 });
    expect(stderr).toMatch(/^in\.png → out\.png {2}7x5 {2}(gpu|cpu|reference) \(.+\) {2}.+ ms \(decode .+ ms\)\n/);
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(PRODUCT);
    expect(listing(cwd)).toEqual(['in.png', 'out.png']);
  });

  test('standard input becomes standard output: the same bytes', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    await run(['in.png', '-o', 'out.png'], { cwd });
    const { exitCode, stdout, stderr } = await run(['-', '-o', '-'], { cwd, stdin: PNG_FILE });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('standard input → standard output');
    expect(stdout.equals(readFileSync(path.join(cwd, 'out.png')))).toBe(true);
  });

  test('the modes reach the transform', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const words = 'in.png -o out.png --alpha channel --border wrap --passes 2 --threads 2 --verify';
    expect(await run(words.split(' '), { cwd })).toMatchObject({ exitCode: 0 });
    const expected = productOf(PNG_FILE, { alpha: 'channel', border: 'wrap', passes: 2 }).data;
    expect(expected).not.toEqual(PRODUCT);
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(expected);
  });

  test('several go into a folder; bad ones are reported and the others still done', async () => {
    const cwd = folderWith({ 'a.png': PNG_FILE, 'x.png': damaged(), 'b.png': encodePng(testImage(4, 4)) });
    const { exitCode, stderr } = await run(['a.png', 'x.png', 'gone.png', 'b.png', '-o', 'new/out/', '-q'], { cwd });
    expect(exitCode).toBe(3);
    expect(stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^error: x\.png: The PNG is damaged: the CRC of the IDAT chunk at byte 33 is wrong\. /),
      expect.stringMatching(/^error: Cannot read 'gone\.png': no such file\. /),
    ]);
    expect(listing(path.join(cwd, 'new/out'))).toEqual(['a.png', 'b.png']);
    expect(pixelsIn(readFileSync(path.join(cwd, 'new/out/a.png')))).toEqual(PRODUCT);
  });

  test('one folder in the way of an output stops that output alone', async () => {
    const cwd = folderWith({ 'a.png': PNG_FILE, 'b.png': PNG_FILE, 'out/a.png/in-the-way': '' });
    const { exitCode, stderr } = await run(['a.png', 'b.png', '-o', 'out', '-q'], { cwd });
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^error: .*'out\/a\.png'.*\n$/);
    expect(existsSync(path.join(cwd, 'out/b.png'))).toBe(true);
  });
});

describe('exit code 2: usage', () => {
  test.each([
    [['--verify'], 'Type: neighbor-product in.png -o out.png'],
    [['in.png'], 'Type: neighbor-product in.png -o in-product.png'],
    [['in.png', '-o', 'out.png', '--pases', '2'], 'Did you mean --passes?'],
    [['in.png', '-o', 'out.png', '--passes', '0'], 'Expected a whole number from 1 to 1000 for --passes'],
    [['in.png', '-o', 'in.png'], "The output 'in.png' is the same file as the input 'in.png'"],
    [['in.png', '-o', './sub/../in.png'], 'is the same file as'],
    [['in.png', 'other.png', '-o', 'out.png'], 'Expected a folder for 2 inputs'],
    [['in.png', 'sub/in.png', '-o', 'out/'], "'in.png' and 'sub/in.png' have the same output 'out/in.png'"],
    [['in.png', '-o', '-', '--json'], 'Both --json and -o - need standard output'],
  ])('%j', async (args, message) => {
    const cwd = folderWith({ 'in.png': PNG_FILE, 'other.png': PNG_FILE, 'sub/in.png': PNG_FILE });
    const before = listing(cwd);
    const { exitCode, stdout, stderr } = await run(args, { cwd });
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 2, stdout: 0 });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error: .*\n$/);
    expect(listing(cwd)).toEqual(before);
    expect(readFileSync(path.join(cwd, 'in.png')).equals(PNG_FILE)).toBe(true);
  });

  test('nothing at all: a short help instead of an error', async () => {
    const { exitCode, stdout, stderr } = await run([], { cwd: folderWith() });
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 2, stdout: 0 });
    expect(stderr).toMatch(/^Usage: neighbor-product .*\n(.*\n)+.*--help lists every option and command\.\n$/);
  });

  test('a terminal gets no image', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const before = TERMINAL;
    const { exitCode, stdout, stderr } = await run(['in.png', '-o', '-'], { cwd, before });
    expect({ exitCode, stdout: stdout.length }).toEqual({ exitCode: 2, stdout: 0 });
    expect(stderr).toContain('standard output is a terminal. Add > out.png');
  });
});

describe('exit code 3: input', () => {
  test.each([
    ['text', new TextEncoder().encode('# a text, and no image\n'), 'Cannot read text as an image. Name '],
    ['an empty file', new Uint8Array(), 'Cannot read an empty file as an image. Name '],
    ['a truncated file', PNG_FILE.subarray(0, PNG_FILE.length - 20), 'The PNG was cut short: '],
    ['a wrong CRC', damaged(), 'The PNG is damaged: the CRC of the IDAT chunk '],
    ['an interlaced header of 60000 x 60000', hugeHeader(1), 'The image has 60000x60000 pixels, more than the limit '],
    ['a header of 60000 x 60000 and little data', hugeHeader(0), 'The PNG is damaged: it has no IDAT chunk'],
  ])('%s', async (_, file, message) => {
    const cwd = folderWith({ 'in.png': file });
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd });
    expect(exitCode).toBe(3);
    expect(stderr.startsWith(`error: in.png: ${message}`), stderr).toBe(true);
    expect(stderr).toMatch(/^.*\n$/);
    expect(listing(cwd)).toEqual(['in.png']);
  });

  test.each([
    [
      'a folder without images',
      '.',
      "Cannot find an image in '.': expected a file that ends in .png, .jpg, .jpeg, .jpe, .jfif, .webp, .tiff, .tif, .avif, .gif, .pam, .ppm, .pnm, .pgm, .bmp or .dib. Name another folder.",
    ],
    ['nothing', 'gone.png', "Cannot read 'gone.png': no such file. Check the path."],
  ])('%s', async (_, input, message) => {
    const cwd = folderWith();
    const { exitCode, stderr } = await run([input, '-o', 'out.png'], { cwd });
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: `error: ${message}\n` });
    expect(listing(cwd)).toEqual([]);
  });

  test('--max-pixels moves the limit', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    expect(await run(['in.png', '-o', 'out.png', '--max-pixels', '34'], { cwd })).toMatchObject({ exitCode: 3 });
    expect(await run(['in.png', '-o', 'out.png', '--max-pixels', '35'], { cwd })).toMatchObject({ exitCode: 0 });
  });
});

describe('backends', () => {
  test('exit code 1: --verify found differences, and nothing is written', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const script = mainOf(await copyWith({ 'cpu/cpu-backend.js': FAULTY_CPU }));
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '--verify', '--backend', 'cpu'], {
      cwd,
      script,
    });
    expect(exitCode).toBe(1);
    const expected = PRODUCT.subarray(-4);
    const actual = Uint8Array.from(expected);
    actual[2] ^= 1;
    const values = `expected ${expected.join(' ')}, actual ${actual.join(' ')}. `;
    expect(stderr).toContain(`1 of 35 pixels differ from the reference, first at x = 6, y = 4: ${values}`);
    expect(listing(cwd)).toEqual(['in.png']);
  });

  describe.each<[string, Record<string, string>, RegExp]>([
    [
      'a driver file that is not there',
      { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' },
      /no Vulkan driver is installed|no adapter answers/,
    ],
    [
      'a driver file that is broken',
      { VK_DRIVER_FILES: BROKEN_DRIVER, VK_ICD_FILENAMES: BROKEN_DRIVER },
      /no Vulkan driver is installed|no adapter answers/,
    ],
    ['no Vulkan at all', { LD_LIBRARY_PATH: '' }, /no GPU device|not installed|only .* answers|no adapter answers/],
    [
      'what the tests run on: a software adapter or a real GPU',
      {},
      /no GPU device|only .* answers|a hardware GPU answers/,
    ],
  ])('a machine with %s', (_name, env, reason) => {
    test('auto gives the product, and devices says why there is no GPU for it', async () => {
      const cwd = folderWith({ 'in.png': PNG_FILE });
      const { exitCode, stdout, stderr } = await run(['in.png', '-o', 'out.png', '--json'], { cwd, env });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(JSON.parse(stdout.toString()).reason).toMatch(/./);
      const devices = await run(['devices', '--json'], { cwd, env });
      expect(JSON.parse(devices.stdout.toString()).auto.reason).toMatch(reason);
      expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(PRODUCT);
    });
  });

  test.each(['gpu', 'cpu', 'reference'])('the watermelon pizza on %s is the image of the README', async (backend) => {
    const root = path.join(import.meta.dirname, '../..');
    const cwd = folderWith();
    const words = [path.join(root, 'fixtures/watermelon-pizza.png'), '-o', 'out.png', '--backend', backend];
    const { exitCode, stderr } = await run(words, { cwd });
    if (backend === 'gpu' && exitCode === 4 && !softwareGpuExists) {
      process.stderr.write('NOT RUN, for want of a GPU: the watermelon pizza on gpu\n');
      return;
    }
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const expected = pixelsIn(readFileSync(path.join(root, 'docs/watermelon-pizza-product.png')));
    expect(Buffer.compare(pixelsIn(readFileSync(path.join(cwd, 'out.png'))), expected)).toBe(0);
  });

  test('exit code 4: the backend asked for is not there, by option and by variable', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const script = mainOf(await copyWith());
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '--backend', 'cpu'], { cwd, script });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/^error: in\.png: No usable CPU addon: .* Build the CPU addon with .*\n$/);
    const env = { NEIGHBOR_PRODUCT_BACKEND: 'cpu' };
    expect(await run(['in.png', '-o', 'out.png'], { cwd, script, env })).toMatchObject({ exitCode: 4 });
    expect(listing(cwd)).toEqual(['in.png']);
  });

  test('without the addon WebAssembly runs and says so, --quiet or not asked apart', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const script = mainOf(await copyWith());
    const fallback = await run(['in.png', '-o', 'out.png'], { cwd, script, env: { NEIGHBOR_PRODUCT_BACKEND: 'auto' } });
    expect(fallback.exitCode).toBe(0);
    expect(fallback.stderr).toMatch(
      /\nwarning: WebAssembly ran, two to three times slower than the CPU addon: no CPU addon: .*\. Run neighbor-product devices .*\n$/,
    );
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(PRODUCT);
    expect(await run(['in.png', '-o', 'out.png', '-q'], { cwd, script })).toMatchObject({ exitCode: 0, stderr: '' });
    for (const backend of ['wasm', 'reference']) {
      const asked = await run(['in.png', '-o', 'out.png', '--backend', backend], { cwd });
      expect(asked.stderr).not.toContain('warning');
    }
  });

  test('without WebAssembly, too, the reference runs and says so', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const script = mainOf(await copyWith());
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], {
      cwd,
      script,
      env: { NODE_OPTIONS: '--jitless' },
    });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /\nwarning: The slow reference ran: .*no CPU addon: .*; no WebAssembly kernel: WebAssembly is switched off here\. /,
    );
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(PRODUCT);
  });

  test('exit code 70: a defect tells where it happened', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const source = `
      const close = async () => {};
      const decode = async () => null.x;
      export const openImage = async () => ({ width: 1, height: 1, channels: 4, extras: [], heldBytes: 0, read: decode, close });
      export const createImageFile = () => ({});
      export const refuseForeignExtension = () => {};
      export const withOwnExtension = (path) => path;
      export const isReadWhole = () => false;
      export const outputFormat = () => 'png';
      export const writerBytes = () => 0;
      export const productName = undefined;
      export const isReadable = undefined;
      export const READABLE_EXTENSIONS = [];`;
    const script = mainOf(await copyWith({ 'formats/formats.js': source }));
    const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd, script });
    expect(exitCode).toBe(70);
    expect(stderr).toMatch(
      /^error: in\.png: This is a defect of neighbor-product, .*\n +at \S*decode .*neighbor-product\.cjs:\d+/s,
    );
  });
});

describe('exit code 5: output', () => {
  test('a missing folder', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const { exitCode, stderr } = await run(['in.png', '-o', 'gone/out.png'], { cwd });
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^error: The output folder 'gone' does not exist\. Create it first\.\n$/);
    expect(listing(cwd)).toEqual(['in.png']);
  });

  test.runIf(existsSync('/dev/full')).each([
    ['an image', ['in.png', '-o', '-', '-q']],
    ['a record', ['in.png', '-o', 'out.png', '--json', '-q']],
    ['the help', ['--help']],
  ])('standard output is full: %s', async (_, args) => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const stdout = openSync('/dev/full', 'w');
    const { exitCode, stderr } = await run(args, { cwd, stdout });
    closeSync(stdout);
    expect(exitCode).toBe(75);
    expect(stderr).toMatch(/^error: .*Cannot write to standard output: .*ENOSPC.*\n$/);
  });
});

describe('streams', () => {
  test.each([
    ['an image', ['in.png', '-o', '-'], /^error: .*Standard output was closed by what reads it/],
    ['records', ['in.png', '-o', 'out.png', '--json', '-q'], /^error: Standard output was closed by what reads it/],
    ['the help', ['--help'], /^$/],
    ['a list', ['devices'], /^$/],
    ['a list as JSON', ['devices', '--json'], /^error: Standard output was closed by what reads it/],
  ])('a reader that leaves ends the command as SIGPIPE does: %s', async (_, args, message) => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const child = spawnCommand([...args], { cwd });
    child.stdout!.destroy();
    const { exitCode, stderr } = await ended(child);
    expect(exitCode).toBe(141);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('→');
  });

  test('after the reader left no further image is begun', async () => {
    const names = Array.from({ length: 30 }, (_, at) => `${at}.png`);
    const cwd = folderWith(Object.fromEntries(names.map((name) => [name, PNG_FILE])));
    const child = spawnCommand([...names, '-o', 'out/', '--json', '-q'], { cwd });
    child.stdout!.destroy();
    expect(await ended(child)).toMatchObject({ exitCode: 141 });
    const written = listing(path.join(cwd, 'out'));
    expect(written.length).toBeLessThan(10);
    for (const name of written) expect(pixelsIn(readFileSync(path.join(cwd, 'out', name)))).toEqual(PRODUCT);
  });

  test.runIf(process.platform === 'linux').each([
    ['-o -', 'in.png -o -', 'the image'],
    ['by its name', 'in.png -o /dev/stdout', 'the image'],
    ['records', 'in.png -o out.png --json', 'the records'],
    ['a list as JSON', 'devices --json', 'the report'],
    ['a report as JSON', 'conformance --json', 'the report'],
    ['a report as XML', 'conformance --junit', 'the report'],
  ])('standard output that is closed takes no data: %s', async (_, args, data) => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const shell = spawn('sh', ['-c', '"$0" "$@" >&-', process.execPath, MAIN, ...args.split(' ')], { cwd });
    const { exitCode, stderr } = await ended(shell);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(new RegExp(`^error: Cannot write ${data}: standard output is closed\\. Redirect .*\\.\n$`));
    expect(listing(cwd)).toEqual(['in.png']);
  });

  test('a parent may throw text away, by whatever /dev/null', async () => {
    const child = spawn(process.execPath, [MAIN, '--version'], { stdio: ['ignore', 'ignore', 'pipe'] });
    expect(await ended(child)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test.runIf(process.platform !== 'win32')('an image may be thrown away', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const shell = spawn('sh', ['-c', '"$0" "$@" > /dev/null', process.execPath, MAIN, 'in.png', '-o', '-'], { cwd });
    expect(await ended(shell)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('→ standard output') });
  });

  test.runIf(process.platform === 'linux')('names of standard streams that are sockets', async () => {
    const cwd = folderWith();
    const { exitCode, stdout } = await run(['/dev/stdin', '-o', '/proc/self/fd/1'], { cwd, stdin: PNG_FILE });
    expect(exitCode).toBe(0);
    expect(pixelsIn(stdout)).toEqual(PRODUCT);
  });

  test('--json prints a record an image, the total, and nothing else', async () => {
    const cwd = folderWith({ 'a.png': PNG_FILE, 'x.png': damaged() });
    const { exitCode, stdout, stderr } = await run(['a.png', 'x.png', '-o', 'out/', '--json', '-q'], { cwd });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^error: x\.png: .*\n$/);
    const lines = stdout.toString().split('\n');
    expect(lines.pop()).toBe('');
    const records = lines.map((line) => JSON.parse(line));
    const [done, failed] = records.slice(0, -1).toSorted((a, b) => (a.input < b.input ? -1 : 1));
    expect(records.at(-1)).toMatchObject({ done: 1, failed: 1, skipped: 0 });
    expect(lines).toHaveLength(3);
    expect(done).toMatchObject({ input: 'a.png', output: 'out/a.png', width: 7, height: 5, verified: false });
    for (const name of ['decodeMs', 'transformMs', 'encodeMs']) expect(done[name]).toBeGreaterThan(0);
    for (const name of ['backend', 'reason', 'device']) expect(done[name]).toMatch(/./);
    expect(done.exactPixels).toBeGreaterThanOrEqual(0);
    expect(failed).toMatchObject({ input: 'x.png', error: { code: 'INVALID_PNG' } });
  });

  test('colour only on a terminal, and never with NO_COLOR', async () => {
    const cwd = folderWith();
    const coloured = '\u001b[31merror:';
    const before = 'process.stderr.isTTY = true';
    expect((await run(['--verify'], { cwd })).stderr).toMatch(/^error:/);
    expect((await run(['--verify'], { cwd, before })).stderr.startsWith(coloured)).toBe(true);
    expect((await run(['--verify'], { cwd, before, env: { NO_COLOR: '1' } })).stderr).toMatch(/^error:/);
    expect((await run(['--verify'], { cwd, env: { FORCE_COLOR: '1' } })).stderr.startsWith(coloured)).toBe(true);
  });

  test('help, version and completion need no transform, and go to standard output', async () => {
    const broken = "throw new Error('loaded');";
    const script = mainOf(await copyWith({ 'transform.js': broken }));
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const ended = await run(['--version'], { cwd: folderWith(), script });
    expect({ ...ended, stdout: ended.stdout.toString() }).toMatchObject({
      exitCode: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
    expect(await run(['--help'], { cwd: folderWith(), script })).toMatchObject({ exitCode: 0, stderr: '' });
    const completion = await run(['completion', 'bash'], { cwd: folderWith(), script });
    expect({ ...completion, stdout: completion.stdout.toString() }).toMatchObject({
      exitCode: 0,
      stdout: completionScript('bash'),
      stderr: '',
    });
    const used = await run(['in.png', '-o', 'out.png'], { cwd: folderWith({ 'in.png': PNG_FILE }), script });
    expect(used.exitCode).toBe(70);
  });
});

// A shell reports 128 + 2 = 130 for what SIGINT ended.
