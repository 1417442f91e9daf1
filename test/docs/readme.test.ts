/** Every code block of README.md and docs/library.md is run. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../src/cli/program.js';
import { transformSync } from '../../src/index.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { type Ended, ended, folderWith, listing, PNG_FILE, pixelsIn, productOf, testImage } from '../cli/command.js';
import { codeBlocksOf, commandPath, ROOT, readPage } from './pages.js';

const blocks = ['README.md', 'docs/library.md'].flatMap((name) => codeBlocksOf(readPage(name)));

/** Why a block is not run where there is neither a software GPU nor surely another. */
const NO_GPU = 'there is no software GPU for this system';

function textsOf(language: string): string[] {
  return blocks.filter((block) => block.language === language).map(({ text }) => text);
}

test('there are blocks, and none in a language that is not run here', () => {
  // js: for a page; test/package runs one like it in a browser.
  expect(new Set(blocks.map(({ language }) => language))).toEqual(new Set(['sh', 'ts', 'js']));
});

describe('sh', () => {
  const lines = textsOf('sh')
    .flatMap((text) => text.trim().split('\n'))
    .map((line) => line.replace(/\s+#.*/, ''));

  /** npm would compile, in this very folder, what other tests are running; `npm test` would never end. */
  const SCRIPTS: Readonly<Record<string, string>> = { 'npm start': 'start', 'npm test': 'test' };

  const FFMPEG = lines.find((line) => line.startsWith('ffmpeg '))!;

  /** Takes minutes, and programs that not every machine has: only understood. */
  const BENCH = 'neighbor-product bench --peers';

  /** As many bytes as in the lines that say so. */
  const FRAME_BYTES = 1920 * 1080 * 4;
  const FRAMES = 2;

  const hasFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0;

  /** Raw samples of the video `in.mkv` of {@link runLine}, and of what came of it. */
  function framesOf(video: string): Buffer {
    const words = ['-v', 'error', '-i', video, '-f', 'rawvideo', '-pix_fmt', 'rgba', '-'];
    return spawnSync('ffmpeg', words, { maxBuffer: 10 * FRAMES * FRAME_BYTES }).stdout;
  }

  function productsOf(frames: Buffer): Buffer {
    const images = Array.from({ length: frames.length / FRAME_BYTES }, (_, at) => {
      const data = frames.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES);
      return transformSync({ data, width: 1920, height: 1080 }).image.data;
    });
    return Buffer.concat(images);
  }

  const OTHER_FILE = Uint8Array.from(readFileSync(path.join(ROOT, 'fixtures/gradient-64x48.png')));

  function expectPicture(file: string, expected: Uint8Array): void {
    expect(Buffer.compare(pixelsIn(readFileSync(file)), expected)).toBe(0);
  }

  /** What must have come of a line, by its exact text. */
  const OUTCOMES: Readonly<Record<string, (folder: string, ended: Ended) => void>> = {
    'neighbor-product photo.png -o out.png': (folder) => {
      expectPicture(path.join(folder, 'out.png'), productOf(PNG_FILE).data);
    },
    'neighbor-product photo.jpg -o out.webp': (folder) => {
      expect(readFileSync(path.join(folder, 'out.webp')).toString('latin1', 8, 12)).toBe('WEBP');
    },
    'neighbor-product photo.png out.png': (folder) => {
      expectPicture(path.join(folder, 'out.png'), productOf(PNG_FILE).data);
    },
    'neighbor-product photos/ -o out/ --skip-existing': (folder) => {
      expect(listing(path.join(folder, 'out'))).toEqual(['a.png', 'trip', 'trip/b.png']);
      expectPicture(path.join(folder, 'out/a.png'), productOf(PNG_FILE).data);
      expectPicture(path.join(folder, 'out/trip/b.png'), productOf(OTHER_FILE).data);
    },
    'cat photo.png | neighbor-product - -o - > out.png': (folder) => {
      expectPicture(path.join(folder, 'out.png'), productOf(PNG_FILE).data);
    },
    'neighbor-product photo.png -o out.png --border wrap --passes 2 --verify': (folder, { stderr }) => {
      expectPicture(path.join(folder, 'out.png'), productOf(PNG_FILE, { border: 'wrap', passes: 2 }).data);
      expect(stderr).toContain('verified');
    },
    'neighbor-product --raw 1920x1080:rgba - -o - < frames > products': (folder) => {
      const products = readFileSync(path.join(folder, 'products'));
      expect(products.equals(productsOf(readFileSync(path.join(folder, 'frames'))))).toBe(true);
    },
    [FFMPEG]: (folder) => {
      const expected = productsOf(framesOf(path.join(folder, 'in.mkv')));
      const actual = framesOf(path.join(folder, 'out.mkv'));
      expect(actual.length).toBe(FRAMES * FRAME_BYTES);
      // The video is compressed with loss.
      let difference = 0;
      for (let at = 0; at < actual.length; at += 997) difference += Math.abs(actual[at] - expected[at]);
      expect(difference / (actual.length / 997), 'on average').toBeLessThan(20);
    },
    'neighbor-product devices': (_folder, { stdout }) => {
      expect(stdout.toString()).toMatch(/^auto +takes (gpu|cpu|reference): /m);
    },
    'eval "$(neighbor-product completion bash)"': (_folder, { stdout }) => {
      expect(stdout.toString()).toMatch(/^complete .* neighbor-product\n$/);
    },
    'neighbor-product conformance --quick': (_folder, { stdout }) => {
      expect(stdout.toString()).toMatch(/^PASSED {2}\d{3} cases on \d+ backends/m);
    },
  };

  function makeVideo(file: string): void {
    const source = ['-f', 'lavfi', '-i', 'testsrc2=size=1920x1080', '-frames:v', `${FRAMES}`];
    const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', ...source, '-c:v', 'ffv1', file]);
    expect(status, `${stderr}`).toBe(0);
  }

  /** In a folder with two images, raw samples and perhaps a video, and the built command on the path. */
  async function runLine(line: string): Promise<{ folder: string; outcome: Ended }> {
    const shim = `#!/bin/sh\nexec "${process.execPath}" "${commandPath}" "$@"\n`;
    const programs = folderWith({ 'neighbor-product': shim });
    const frames = Buffer.concat(Array.from({ length: FRAMES }, (_, at) => Buffer.alloc(FRAME_BYTES, `frame ${at}, `)));
    const jpeg = readFileSync(path.join(ROOT, 'fixtures/formats/baseline-420.jpg'));
    const folder = folderWith({
      'photo.png': PNG_FILE,
      'photo.jpg': jpeg,
      'photos/a.png': PNG_FILE,
      'photos/trip/b.png': OTHER_FILE,
      frames,
    });
    if (line === FFMPEG) makeVideo(path.join(folder, 'in.mkv'));
    const { NEIGHBOR_PRODUCT_BACKEND: _, ...env } = process.env;
    const PATH = `${programs}${path.delimiter}${env.PATH}`;
    // The line itself, and what it has set in the shell.
    const script = `${line}\nended=$?; complete -p neighbor-product 2> /dev/null; exit $ended`;
    chmodSync(path.join(programs, 'neighbor-product'), 0o755);
    return { folder, outcome: await ended(spawn('bash', ['-c', script], { cwd: folder, env: { ...env, PATH } })) };
  }

  test.for(lines)('%s', async (line, { skip }) => {
    skip(line === FFMPEG && !hasFfmpeg, 'ffmpeg is not installed');
    if (line in SCRIPTS) {
      expect(Object.keys(JSON.parse(readPage('package.json')).scripts)).toContain(SCRIPTS[line]);
    } else if (line === BENCH) {
      const args = line.split(' ').slice(1);
      expect(parseCommandLine(args)).toMatchObject({ kind: 'bench', request: { peers: true } });
    } else {
      const { folder, outcome } = await runLine(line);
      expect(outcome.exitCode, outcome.stderr).toBe(0);
      expect(Object.keys(OUTCOMES)).toContain(line);
      OUTCOMES[line](folder, outcome);
    }
  });
});

describe('ts', () => {
  /** Inside the project, where the package's own name leads to it. */
  const folder = path.join(ROOT, `.cache/readme-${process.pid}`);
  const texts = textsOf('ts');

  const [width, height] = [1920, 1080];
  const DEVICE = `
    import { create, globals } from 'webgpu';
    import { writeFileSync } from 'node:fs';
    Object.assign(globalThis, globals);
    const gpu = create([]);
    const adapter = await gpu.requestAdapter();
    const device = await adapter!.requestDevice();
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const size = ${width * height * 4};
    const [input, output] = [0, 0].map(() => device.createBuffer({ size, usage }));
    device.queue.writeBuffer(input, 0, Uint8Array.from({ length: size }, (_, at) => 255 - ((at * 41) % 97)));
  `;
  const READ_BACK = `
    const readBack = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    const copier = device.createCommandEncoder();
    copier.copyBufferToBuffer(output, 0, readBack, 0, size);
    device.queue.submit([copier.finish()]);
    await readBack.mapAsync(GPUMapMode.READ);
    writeFileSync(new URL('product.bin', import.meta.url), new Uint8Array(readBack.getMappedRange()));
    device.destroy();
  `;

  /** What stands around a block, and what must come of it, in the page's order. */
  const AROUND = [
    {
      before: '',
      after: '',
      check: (stdout: string) => expect(stdout).toMatch(/^1228800 (gpu|cpu|reference) .+ [\d.]+\n$/),
    },
    {
      before: DEVICE,
      after: READ_BACK,
      check: (stdout: string) => {
        expect(stdout).toBe('');
        const { image } = transformSync(testImage(width, height), { backend: 'reference', border: 'wrap' });
        expect(Buffer.compare(readFileSync(path.join(folder, 'product.bin')), image.data)).toBe(0);
      },
    },
  ];

  const sourceOf = (index: number) => `${AROUND[index].before}${texts[index]}${AROUND[index].after}`;
  const fileOf = (index: number) => path.join(folder, `block-${index + 1}.mts`);

  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    AROUND.forEach((_, index) => {
      writeFileSync(fileOf(index), sourceOf(index));
    });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('each block has a check of its own', () => {
    expect(texts).toHaveLength(AROUND.length);
  });

  test('the types hold', () => {
    const { options } = ts.parseJsonConfigFileContent(
      { extends: path.join(ROOT, 'test/tsconfig.json') },
      { ...ts.sys, readDirectory: () => [] },
      folder,
    );
    const program = ts.createProgram(
      AROUND.map((_, index) => fileOf(index)),
      options,
    );
    const complaints = ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText);
    expect(complaints).toEqual([]);
  });

  const numbered = AROUND.map((around, index) => ({ ...around, index, number: index + 1 }));

  test.for(numbered)('block $number runs', async ({ index, before, check }, { skip }) => {
    skip(before === DEVICE && !softwareGpuExists, NO_GPU);
    const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022 };
    const script = path.join(folder, `block-${index + 1}.mjs`);
    writeFileSync(script, ts.transpileModule(sourceOf(index), { compilerOptions }).outputText);
    const { exitCode, stdout, stderr } = await ended(spawn(process.execPath, [script], { cwd: folder }));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    check(stdout.toString());
  });
});
