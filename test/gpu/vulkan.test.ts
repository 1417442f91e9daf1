/** Drivers of Vulkan, as the loader finds them; LD_LIBRARY_PATH leads to a loader that only has its name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { flawedManifests, missingManifests, missingVulkan } from '../../src/gpu/vulkan.js';

const NO_DRIVER = 'no Vulkan driver is installed';
const VARIABLES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES', 'XDG_CONFIG_HOME', 'XDG_DATA_HOME'];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-vulkan-'));
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  for (const name of ['HOME', 'LD_LIBRARY_PATH', 'XDG_CONFIG_DIRS', 'XDG_DATA_DIRS']) vi.stubEnv(name, folder);
  write('libvulkan.so.1', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function manifest(name: string, library: string): string {
  return write(name, JSON.stringify({ file_format_version: '1.0.0', ICD: { library_path: library } }));
}

/** A manifest whose library is there. */
function workingManifest(name: string): string {
  return manifest(name, write('libdriver.so', ''));
}

describe.runIf(process.platform === 'linux')('on Linux', () => {
  test('neither loader nor driver', () => {
    rmSync(path.join(folder, 'libvulkan.so.1'));
    expect(missingVulkan()).toMatch(/^(the Vulkan loader, libvulkan\.so\.1, is not installed|no Vulkan driver .*)$/);
  });

  test.each(['.config/vulkan/icd.d/a.json', 'vulkan/icd.d/a.json', '.local/share/vulkan/icd.d/a.json'])(
    'a driver in %s',
    (name) => {
      const before = missingVulkan();
      workingManifest(name);
      expect(missingVulkan()).toBeUndefined();
      expect([undefined, NO_DRIVER]).toContain(before); // a system may have a driver in /etc
    },
  );

  test.each(['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'])(
    '%s names a file or a folder',
    (variable) => {
      const file = workingManifest('drivers/a.json');
      vi.stubEnv(variable, file);
      expect(missingVulkan()).toBeUndefined();
      vi.stubEnv(variable, path.dirname(file));
      expect(missingVulkan()).toBeUndefined();
    },
  );

  test('VK_DRIVER_FILES hides the drivers that are installed', () => {
    workingManifest('.config/vulkan/icd.d/a.json');
    vi.stubEnv('VK_DRIVER_FILES', '/nowhere.json');
    expect(missingVulkan()).toBe(NO_DRIVER);
    expect(missingManifests()).toEqual(['/nowhere.json']);
    expect(flawedManifests()).toEqual([]);
  });

  test('a library beside its manifest, in a folder of the linker, or nowhere', () => {
    write('drivers/libbeside.so', '');
    write('libbare.so', '');
    for (const library of ['./libbeside.so', 'libbare.so']) {
      vi.stubEnv('VK_DRIVER_FILES', manifest('drivers/a.json', library));
      expect(missingVulkan(), library).toBeUndefined();
    }
    for (const library of ['./libbare.so', 'libnowhere.so.1', '/nowhere/lib.so']) {
      const file = manifest('drivers/a.json', library);
      expect(missingVulkan(), library).toBe(NO_DRIVER);
      expect(flawedManifests()).toEqual([`${file} names ${library}, which is missing`]);
    }
  });

  test('one driver of two is enough; the other is told', () => {
    const broken = manifest('drivers/a.json', 'libnowhere.so.1');
    workingManifest('drivers/b.json');
    vi.stubEnv('VK_DRIVER_FILES', path.join(folder, 'drivers'));
    expect(missingVulkan()).toBeUndefined();
    expect(flawedManifests()).toEqual([`${broken} names libnowhere.so.1, which is missing`]);
  });

  test('what is no manifest', () => {
    const file = write('drivers/a.json', 'hello');
    vi.stubEnv('VK_DRIVER_FILES', file);
    expect(missingVulkan()).toBe(NO_DRIVER);
    expect(flawedManifests()).toEqual([`${file} names no driver`]);
  });

  test('a manifest that JSON.parse refuses and the loader reads', () => {
    const library = write('libdriver.so', '');
    vi.stubEnv('VK_DRIVER_FILES', write('a.json', `{ "ICD": { "library_path" : "${library}", } } trailing`));
    expect(missingVulkan()).toBeUndefined();
  });
});
