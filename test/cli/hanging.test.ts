/** The command where something never answers: a driver that hangs, a promise that is lost, signals to the first process. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { encodePng } from '../encode-png.js';
import {
  copyWith,
  ended,
  folderWith,
  listing,
  MAIN,
  mainOf,
  PNG_FILE,
  pixelsIn,
  productOf,
  run,
  testImage,
} from './command.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
/** Of many passes over it a GPU that answered would take some. */
const IMAGE = testImage(300, 300);
const PASSES = 40;
const EXPECTED = productOf(encodePng(IMAGE), { passes: PASSES }).data;

/** Where a device stops answering. */
const HANGS = ['requestAdapter', 'requestDevice', 'popErrorScope', 'createComputePipelineAsync', 'mapAsync'] as const;

type Hang = (typeof HANGS)[number] | 'onSubmittedWorkDone';

/** A package `webgpu` whose hardware adapter does nothing and whose device never answers in one place, by {@link hangsAt}. */
const HANGING_WEBGPU = `
    const place = process.env.NEIGHBOR_PRODUCT_HANG;
    const answer = (name, value) => (name === place ? new Promise(() => {}) : Promise.resolve(value));
    const anything = () => new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : () => anything()) });
    const limits = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27, maxComputeWorkgroupsPerDimension: 65535 };
    const buffer = {
      mapAsync: () => answer('mapAsync'),
      getMappedRange: (_, size) => new ArrayBuffer(size),
      unmap() {},
      destroy() {},
    };
    const device = {
      limits,
      features: new Set(),
      lost: new Promise(() => {}),
      queue: { writeBuffer() {}, submit() {}, onSubmittedWorkDone: () => answer('onSubmittedWorkDone') },
      addEventListener() {},
      pushErrorScope() {},
      popErrorScope: () => answer('popErrorScope', null),
      createComputePipelineAsync: () => answer('createComputePipelineAsync', anything()),
      createBuffer: () => buffer,
      // Dawn's waits for submitted work, and blocks the thread meanwhile.
      destroy() { if (place) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); },
    };
    const adapter = {
      info: { vendor: 'none', architecture: '', device: '', description: 'hanging GPU' },
      limits,
      features: new Set(),
      requestDevice: () => answer('requestDevice', new Proxy(device, { get: (own, name) => own[name] ?? (name === 'then' ? undefined : () => anything()) })),
    };
    export const create = () => ({ requestAdapter: () => answer('requestAdapter', adapter) });
    export const globals = {};
  `;

const hangsAt = (place: Hang) => ({ NEIGHBOR_PRODUCT_HANG: place });

const commands = new Map<string, Promise<string>>();

/**
 * The command with that package, a GPU that seems to be there, and no work that is too short for it; made once.
 *
 * @param isTrusted whether the device need not show at once that it gives the right bytes
 */
function commandWith({ isTrusted = false, hasAddon = true } = {}): Promise<string> {
  const key = JSON.stringify({ isTrusted, hasAddon });
  const made = commands.get(key) ?? makeCommand(isTrusted, hasAddon);
  commands.set(key, made);
  return made;
}

async function makeCommand(isTrusted: boolean, hasAddon: boolean): Promise<string> {
  const read = (name: string) => readFileSync(path.join(DIST, name), 'utf8');
  const changed = (name: string, from: RegExp, to: string) => {
    expect(read(name)).toMatch(from);
    return { [name]: read(name).replace(from, to) };
  };
  const root = await copyWith({
    ...changed('gpu/system.js', /function lacksHardware\(\) {/, '$& return;'),
    ...changed('gpu/vulkan.js', /function missingVulkan\(\) {/, '$& return;'),
    ...changed('gpu/answer.js', /\b((?:AUTOMATIC_)?OPENING_MS) = \w+/g, '$1 = 400'),
    ...changed('dealing/auto.js', /(WORTH_OPENING_MS) = \d+/, '$1 = 0'),
    ...(isTrusted && { 'admission.js': 'export const findWrongAnswer = async () => undefined;' }),
  });
  rmSync(path.join(root, 'node_modules'));
  if (hasAddon) symlinkSync(path.join(DIST, '../build'), path.join(root, 'build'));
  mkdirSync(path.join(root, 'node_modules/webgpu'), { recursive: true });
  writeFileSync(path.join(root, 'node_modules/webgpu/index.js'), HANGING_WEBGPU);
  writeFileSync(path.join(root, 'node_modules/webgpu/package.json'), '{ "type": "module", "exports": "./index.js" }');
  mkdirSync(path.join(root, 'node_modules/pngjs'));
  writeFileSync(
    path.join(root, 'node_modules/pngjs/index.js'),
    `module.exports = require('${path.join(DIST, '../node_modules/pngjs')}');`,
  );
  return mainOf(root);
}

const WHEN_OPENED = HANGS.map((place) => [place, 'when it is opened'] as const);
const LATER = HANGS.filter((place) => !place.startsWith('request')).map((place) => [place, 'later'] as const);

describe.each([...WHEN_OPENED, ...LATER])('a GPU that never answers: %s, %s', (place, when) => {
  const circumstances = async () => ({
    script: await commandWith({ isTrusted: when === 'later' }),
    env: hangsAt(place),
  });

  test('auto does not wait for it', async () => {
    const cwd = folderWith({ 'in.png': encodePng(IMAGE) });
    // Waiting would take longer than this test may.
    const args = ['in.png', '-o', 'out.png', '--passes', `${PASSES}`, '--gpu-timeout-ms', '600000', '--json'];
    const { exitCode, stdout, stderr } = await run(args, { cwd, ...(await circumstances()) });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(stdout.toString()).backend).toBe('cpu');
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(EXPECTED);
  });

  test('asked for by name it is an error, after the time that was set', async () => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    const args = ['in.png', '-o', 'out.png', '--backend', 'gpu', '--gpu-timeout-ms', '200'];
    const { exitCode, stderr } = await run(args, { cwd, ...(await circumstances()) });
    expect(stderr).toMatch(/^error: .*it did not answer for 0\.2 s/);
    expect(exitCode).toBe(4);
    expect(listing(cwd)).toEqual(['in.png']);
  });
});

test('without the addon, auto waits for no GPU either: WebAssembly begins', async () => {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  for (const isTrusted of [false, true]) {
    const script = await commandWith({ isTrusted, hasAddon: false });
    const args = ['in.png', '-o', 'out.png', '--gpu-timeout-ms', '200'];
    const { exitCode, stderr } = await run(args, { cwd, script, env: hangsAt('mapAsync') });
    expect(stderr).toMatch(/warning: WebAssembly ran, .*no CPU addon: /);
    expect(exitCode).toBe(0);
    expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(productOf(PNG_FILE).data);
  }
});

test('a GPU that computes nothing is refused, with what to do', async () => {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  const script = await commandWith();
  const { exitCode, stderr } = await run(['in.png', '-o', 'out.png', '--backend', 'gpu'], { cwd, script });
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(
    /hanging GPU \(none\) is refused: it computed wrong bytes when it was opened .* Update its driver; neighbor-product conformance --backend gpu --report out\.html shows what is wrong\./,
  );
}, 20_000);

test('a GPU that never answers: devices says so, and does not advise to install one', async () => {
  const script = await commandWith();
  const { exitCode, stdout, stderr } = await run(['devices'], {
    cwd: folderWith(),
    script,
    env: hangsAt('requestAdapter'),
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.toString()).toMatch(/^gpu {8}none: it did not answer for 0\.4 s$/m);
  expect(stdout.toString()).toMatch(/^for gpu {4}The GPU's driver hangs: .+$/m);
  expect(stdout.toString()).not.toMatch(/^for gpu.*install/m);
});

test('a GPU that never answers between two submissions', async () => {
  const cwd = folderWith({ 'in.png': encodePng(testImage(300, 300)) });
  const script = await commandWith({ isTrusted: true });
  const args = ['in.png', '-o', 'out.png', '--passes', '400', '--backend', 'gpu', '--gpu-timeout-ms', '200'];
  const { exitCode, stderr } = await run(args, { cwd, script, env: hangsAt('onSubmittedWorkDone') });
  expect(stderr).toMatch(/^error: in\.png: GPU failed while submitting work \(it did not answer for 0\.2 s\)/);
  expect(exitCode).toBe(4);
});

test('a promise that nobody keeps: the command says what it waited for, and leaves nothing', async () => {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  const module = `
    export const transform = () => new Promise(() => {});
    export const [transformSync, openBackend] = [transform, async () => {}];
    export const [hasOpenedDevice, isDistrusted] = [() => true, () => false];`;
  const script = mainOf(await copyWith({ 'transform.js': module }));
  const { exitCode, stderr } = await run(['in.png', '-o', 'out.png'], { cwd, script });
  // Node may warn before of a file that nobody closes, either: it is found by the garbage collector, or not.
  expect(stderr).toMatch(
    /^error: This is a defect .* Nothing is left to do, but there is still 'transform' to wait for\./m,
  );
  expect(exitCode).toBe(70);
  expect(listing(cwd)).toEqual(['in.png']);
});

test('work of a device that never ends does not keep the process', async () => {
  const cwd = folderWith({ 'in.png': PNG_FILE });
  const elapsedMs = async (before: string) => {
    const startMs = performance.now();
    expect(await run(['in.png', '-o', 'out.png'], { cwd, before })).toMatchObject({ exitCode: 0 });
    return performance.now() - startMs;
  };
  const withoutMs = await elapsedMs('');
  expect((await elapsedMs('setInterval(() => {}, 1000);')) - withoutMs).toBeLessThan(10_000);
});

/** Root may make a namespace of processes, in which the command is the first. */
const canBeFirst = process.platform === 'linux' && process.getuid?.() === 0;

describe.runIf(canBeFirst)('the first process of a container', () => {
  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('ends by %s, and leaves nothing unfinished', async (signal, exitCode) => {
    const image = testImage(1200, 900);
    for (let at = 0; at < image.data.length; at++) image.data[at] = (at * 2654435761) >>> 13;
    const file = encodePng(image);
    const names = Array.from({ length: 8 }, (_, at) => `${at}.png`);
    const cwd = folderWith(Object.fromEntries(names.map((name) => [name, file])));
    const args = ['-p', '-f', '--mount-proc', '--kill-child', process.execPath, MAIN, ...names, '-o', 'out/', '-q'];
    const container = spawn('unshare', args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const end = ended(container);
    const child = await childOf(container.pid!);
    while (!listing(cwd).some((name) => name.includes('.tmp'))) await sleep(1);
    process.kill(child, signal);
    expect(await end).toMatchObject({ exitCode, stderr: '' });
    const written = listing(path.join(cwd, 'out'));
    expect(written.filter((name) => !names.includes(name))).toEqual([]);
    expect(written.length).toBeLessThan(names.length);
  });
});

async function childOf(parent: number): Promise<number> {
  for (;;) {
    const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    if (children !== '') return Number(children.split(' ')[0]);
    await sleep(2);
  }
}
