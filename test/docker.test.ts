/** The images cannot be built here: their files are linted, and what the last stage takes is put together and run. */
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { validate } from 'dockerfile-utils';
import { describe, expect, test } from 'vitest';
import { softwareGpuExists, unpackSoftwareGpu } from '../tools/software-gpu.mjs';
import { folderWith, PNG_FILE, pixelsIn, productOf, run } from './cli/command.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const { bin, scripts, engines } = readJson('package.json');
const ignored = readFileSync(path.join(ROOT, '.dockerignore'), 'utf8').split('\n');

describe.each(['cpu', 'nvidia'])('docker/%s.Dockerfile', (name) => {
  const text = readFileSync(path.join(ROOT, `docker/${name}.Dockerfile`), 'utf8');
  const instructions = instructionsOf(text);
  const [buildStage, lastStage] = stagesOf(instructions);
  const copies = lastStage.filter(({ keyword }) => keyword === 'COPY').map(({ words }) => words);

  test('has nothing that a linter finds', () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace('WORKDIR', 'WORKDIRR'))).not.toEqual([]);
  });

  test('has two stages of the oldest Node that is supported, and ends as another user than root', () => {
    const bases = instructions.filter(({ keyword }) => keyword === 'FROM').map(({ words }) => words[0]);
    const [oldest] = /\d+/.exec(engines.node)!;
    expect(bases).toEqual([`node:${oldest}-bookworm-slim`, `node:${oldest}-bookworm-slim`]);
    expect(lastStage.filter(({ keyword }) => keyword === 'USER').map(({ words }) => words)).toEqual([['node']]);
  });

  test('installs from the lock file, without scripts, and builds by scripts that exist', () => {
    const commands = buildStage.filter(({ keyword }) => keyword === 'RUN').map(({ words }) => words.join(' '));
    expect(commands.filter((command) => /npm (ci|prune)/.test(command))).toHaveLength(2);
    for (const [command] of commands.join('\n').matchAll(/npm (ci|prune)[^&\n]*/g)) {
      expect(command).toContain('--ignore-scripts');
    }
    const used = [...commands.join('\n').matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script);
    expect(used).toEqual(['build', 'build:addon']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(used));
  });

  test('copies what is there', () => {
    const fromContext = buildStage
      .filter(({ keyword }) => keyword === 'COPY')
      .flatMap(({ words }) => words.slice(0, -1));
    expect(fromContext).toContain('package-lock.json');
    expect(fromContext.filter((source) => !existsSync(path.join(ROOT, source)) || ignored.includes(source))).toEqual(
      [],
    );
    expect(copies.length).toBeGreaterThan(3);
    for (const [from, source] of copies) {
      expect(from).toBe('--from=build');
      expect(source).toMatch(/^\/app\//);
      expect(existsSync(path.join(ROOT, source.slice('/app/'.length))), source).toBe(true);
    }
  });

  test('runs the command, from what the last stage has', async () => {
    const image = assemble(copies, name === 'cpu' ? ['webgpu'] : []);
    const [program, script] = JSON.parse(textOf(lastStage, 'ENTRYPOINT'));
    expect([program, script]).toEqual(['node', `/app/${bin['neighbor-product']}`]);
    const backends = name === 'nvidia' && softwareGpuExists ? ['cpu', 'gpu'] : ['cpu'];
    for (const backend of backends) {
      const cwd = folderWith({ 'in.png': PNG_FILE });
      const words = ['in.png', '-o', 'out.png', '--verify', '--backend', backend];
      const env = backend === 'gpu' ? unpackSoftwareGpu() : {};
      const { exitCode, stderr } = await run(words, { cwd, script: path.join(image, script), env });
      expect(exitCode, stderr).toBe(0);
      expect(pixelsIn(readFileSync(path.join(cwd, 'out.png')))).toEqual(productOf(PNG_FILE).data);
    }
  });
});

test('the images differ in what belongs to a GPU only', () => {
  const [cpu, nvidia] = ['cpu', 'nvidia'].map((name) => {
    const text = readFileSync(path.join(ROOT, `docker/${name}.Dockerfile`), 'utf8');
    const lines = instructionsOf(text).map(({ keyword, words }) => [keyword, ...words].join(' '));
    return lines.filter((line) => !/^ENV NVIDIA_|node_modules\/webgpu|libgomp1/.test(line));
  });
  expect(cpu.length).toBeGreaterThan(15);
  expect(nvidia).toEqual(cpu);
});

test('the build reads nothing that was built here', () => {
  expect(ignored).toEqual(expect.arrayContaining(['node_modules', 'dist', 'build', '.cache', '.git']));
});

interface Instruction {
  readonly keyword: string;
  readonly words: readonly string[];
}

/** Comments left out, continued lines joined. */
function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [keyword, ...words] = line.split(/\s+/);
      return { keyword, words };
    });
}

function stagesOf(instructions: readonly Instruction[]): Instruction[][] {
  const last = instructions.findLastIndex(({ keyword }) => keyword === 'FROM');
  return [instructions.slice(0, last), instructions.slice(last)];
}

function textOf(stage: readonly Instruction[], keyword: string): string {
  return stage.find((instruction) => instruction.keyword === keyword)!.words.join(' ');
}

/** The file tree of an image: of the packages only those that are there after `npm prune --omit=dev`. */
function assemble(copies: readonly (readonly string[])[], removed: readonly string[]): string {
  const image = folderWith();
  for (const [, source, target] of copies) {
    const from = path.join(ROOT, source.slice('/app/'.length));
    const to = path.join(image, 'app', target, target.endsWith('/') ? path.basename(source) : '');
    if (target === 'node_modules') linkProductionPackages(to, removed);
    else cpSync(from, to, { recursive: true });
  }
  return image;
}

function linkProductionPackages(folder: string, removed: readonly string[]): void {
  const { packages } = readJson('package-lock.json');
  for (const [place, { dev }] of Object.entries<{ dev?: true }>(packages)) {
    const name = place.replace(/^node_modules\//, '');
    if (place === '' || dev || name.includes('/node_modules/') || removed.includes(name)) continue;
    if (!existsSync(path.join(ROOT, place))) continue; // for another system
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    symlinkSync(path.join(ROOT, place), path.join(folder, name), 'junction');
  }
}

// biome-ignore lint/suspicious/noExplicitAny: as JSON.parse
function readJson(name: string): any {
  return JSON.parse(readFileSync(path.join(ROOT, name), 'utf8'));
}
