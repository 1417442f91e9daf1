import { describe, expect, test } from 'vitest';
import { BACKEND_NAMES } from '../../src/backends.js';
import { type Devices, devicesJson, devicesText, listDevices } from '../../src/cli/devices.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { folderWith, run } from './command.js';

const DEVICES: Devices = {
  backends: [
    {
      name: 'gpu',
      title: 'GPU',
      lines: ['none: no driver'],
      advice: ['Install one.', 'Restart.'],
      facts: { adapters: [] },
    },
    { name: 'cpu', title: 'CPU addon', lines: ['avx2; 16 cores', 'a second line'], advice: [], facts: { cores: 16 } },
  ],
  auto: { backend: 'cpu', joining: [], reason: 'no GPU' },
};

test('the text: lines of each backend, the choice of auto, and what to do', () => {
  expect(devicesText(DEVICES)).toBe(`gpu        none: no driver
cpu        avx2; 16 cores
cpu        a second line

auto       takes cpu: no GPU
for gpu    Install one.
for gpu    Restart.`);
});

test('the text says who begins, and who joins', () => {
  const auto = { backend: 'cpu', joining: ['gpu'], reason: 'a hardware GPU answers' } as const;
  expect(devicesText({ ...DEVICES, auto })).toContain(
    '\nauto       begins on cpu at once; gpu takes part in longer work: a hardware GPU answers\n',
  );
});

test('the JSON: the facts of each backend under its name, and auto', () => {
  expect(JSON.parse(devicesJson(DEVICES))).toEqual({
    gpu: { adapters: [] },
    cpu: { cores: 16 },
    auto: { backend: 'cpu', joining: [], reason: 'no GPU' },
  });
});

test('every backend of the registry describes itself, and auto takes one of them', async () => {
  const { backends, auto } = await listDevices();
  expect(backends.map(({ name }) => name)).toEqual(BACKEND_NAMES);
  for (const { lines } of backends) expect(lines.length).toBeGreaterThan(0);
  expect(BACKEND_NAMES).toContain(auto.backend);
  expect(auto.reason).toMatch(/./);
});

describe('the command', () => {
  test.runIf(softwareGpuExists)('an adapter in software is listed and not taken', async () => {
    const { exitCode, stdout, stderr } = await run(['devices'], { cwd: folderWith() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.toString()).toMatch(
      /^gpu {8}.*in software\), slower than the CPU: never taken automatically\ncpu {8}/m,
    );
    expect(stdout.toString()).toMatch(/\nauto {7}takes cpu: .+\n/);
    const json = await run(['devices', '--json'], { cwd: folderWith() });
    expect(JSON.parse(json.stdout.toString()).gpu.adapters).toContainEqual(expect.objectContaining({ software: true }));
  });

  test.runIf(softwareGpuExists)('with the switch for trials it is tested and taken', async () => {
    const env = { NEIGHBOR_PRODUCT_SOFTWARE_GPU: '1' };
    const { stdout } = await run(['devices'], { cwd: folderWith(), env });
    expect(stdout.toString()).toMatch(
      /^gpu {8}.*in software\), gave the right bytes of a test image in \d+ ms\ncpu {8}/m,
    );
    expect(stdout.toString()).toMatch(
      /\nauto {7}begins on cpu at once; gpu takes part in longer work: a software GPU answers\n/,
    );
    const json = await run(['devices', '--json'], { cwd: folderWith(), env });
    const { gpu, auto } = JSON.parse(json.stdout.toString());
    expect(gpu.adapters).toContainEqual(expect.objectContaining({ software: true, testMs: expect.any(Number) }));
    expect(auto).toMatchObject({ backend: 'cpu', joining: ['gpu'] });
  });

  test('no Vulkan driver: what to do is said', async () => {
    const env = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json' };
    const { exitCode, stdout } = await run(['devices'], { cwd: folderWith(), env });
    expect(exitCode).toBe(0);
    expect(stdout.toString()).toMatch(/^gpu {8}none: /);
    expect(stdout.toString()).toMatch(/\nfor gpu {4}.+\n/);
  });

  test('no Vulkan loader: the line of the GPU names it where the advice does', async () => {
    const { exitCode, stdout } = await run(['devices'], { cwd: folderWith(), env: { LD_LIBRARY_PATH: '' } });
    const text = stdout.toString();
    expect(exitCode).toBe(0);
    expect(/^gpu {8}none: the Vulkan loader, .+, is not installed$/m.test(text)).toBe(
      /^for gpu {4}libvulkan\.so\.1 is missing: /m.test(text),
    );
  });
});
