/** What newcomers do wrong, and what they are told: every answer names the cause and what to do. */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Image, transform } from '../../src/index.js';
import { ROOT } from '../docs/pages.js';
import { folderWith, listing, PNG_FILE, run, TERMINAL } from './command.js';

const HEIC = Buffer.from('\0\0\0\x18ftypheic', 'latin1');
const JPEG = Buffer.from('\xff\xd8\xff\xe0', 'latin1');
const ZIP = Buffer.from('PK\x03\x04', 'latin1');
const DAMAGED = PNG_FILE.map((byte, index) => (index === 45 ? byte ^ 1 : byte));

/** In every folder where a command line is typed. */
const FILES = {
  'in.png': PNG_FILE,
  'other.png': PNG_FILE,
  'folder/in.png': PNG_FILE,
  'photo.jpg': JPEG,
  'photo.heic': HEIC,
  'drawing.svg': '<?xml version="1.0"?>\n<svg width="5"/>',
  'page.png': '<!doctype html><title>Not found</title>',
  'letter.pdf': '%PDF-1.7',
  'photos.zip': ZIP,
  'empty.png': '',
  'notes.txt': 'Buy a watermelon.\n',
  'damaged.png': DAMAGED,
  'truncated.png': PNG_FILE.subarray(0, PNG_FILE.length - 20),
  '-shot.png': PNG_FILE,
};

interface Mistake {
  /** Without the name of the command. */
  readonly typed: string;
  readonly exitCode: number;
  /** All of the output: on standard error. */
  readonly answer: string | RegExp;
  /** JavaScript that runs before the command does. */
  readonly before?: string;
}

const NO_GPU = { VK_DRIVER_FILES: '/nowhere.json', VK_ICD_FILENAMES: '/nowhere.json', LD_LIBRARY_PATH: '' };

const USAGE: readonly Mistake[] = [
  {
    typed: '',
    exitCode: 2,
    answer: `Usage: neighbor-product [options] <input...> -o <output>
       neighbor-product [options] <input> <new-output>
       neighbor-product <command> [options]

Multiplies every pixel's colour channels over its 3x3 neighbourhood and normalises the vector.

Examples:
  neighbor-product in.png -o out.png
  neighbor-product *.png -o products/
  neighbor-product photos/ -o products/ --skip-existing
  neighbor-product - -o - < in.png > out.png

neighbor-product --help lists every option and command.
`,
  },
  {
    typed: 'in.png',
    exitCode: 2,
    answer:
      'error: Expected an output path after -o, but received none. Type: neighbor-product in.png -o in-product.png\n',
  },
  {
    typed: 'in.png other.png',
    exitCode: 2,
    answer:
      "error: Expected an output path after -o, but received none, and 'other.png' exists already. Put -o before it to " +
      'overwrite it, or transform both. Type: neighbor-product in.png other.png -o products/\n',
  },
  {
    typed: 'in.png -o',
    exitCode: 2,
    answer:
      'error: Expected an output path after -o, but received none, or an empty one. Type: neighbor-product in.png -o in-product.png\n',
  },
  {
    typed: 'in.png -o --verify',
    exitCode: 2,
    answer: 'error: Expected a value after --output, but received the option --verify. Put the value between them.\n',
  },
  {
    typed: 'in.png -output out.png',
    exitCode: 2,
    answer: "error: Unknown option '-output'. Did you mean --output?\n",
  },
  {
    typed: 'in.png -o out.png --pases 2',
    exitCode: 2,
    answer: "error: Unknown option '--pases'. Did you mean --passes?\n",
  },
  {
    typed: 'in.png -o out.png --no-such',
    exitCode: 2,
    answer: "error: Unknown option '--no-such'. See neighbor-product --help.\n",
  },
  {
    typed: '-shot.png -o out.png',
    exitCode: 2,
    answer: "error: Expected ./ before the name '-shot.png', which looks like an option.\n",
  },
  {
    typed: '-- -shot.png -o out.png',
    exitCode: 2,
    answer: 'error: Expected -o before --, but it comes after it. Type: neighbor-product ./-shot.png -o out.png\n',
  },
  {
    typed: 'device',
    exitCode: 2,
    answer: "error: Unknown command 'device'. Did you mean 'devices'?\n",
  },
  {
    typed: '--json devices',
    exitCode: 2,
    answer:
      'error: Expected options of devices after its name, but --json comes before it. Type: neighbor-product devices --json\n',
  },
  {
    typed: 'devices in.png',
    exitCode: 2,
    answer: "error: Expected no argument for devices, but received 'in.png'. See neighbor-product devices --help.\n",
  },
  {
    typed: 'in.png -o out.png --passes',
    exitCode: 2,
    answer: 'error: Expected a value after --passes, but received none. See neighbor-product --help.\n',
  },
  {
    typed: 'in.png -o out.png --passes 1.5',
    exitCode: 2,
    answer:
      "error: Expected a whole number from 1 to 1000 for --passes, but received '1.5'. See neighbor-product --help.\n",
  },
  {
    typed: 'in.png -o out.png --threads 1000',
    exitCode: 2,
    answer:
      "error: Expected a whole number from 1 to 256 for --threads, but received '1000'. See neighbor-product --help.\n",
  },
  {
    typed: 'in.png -o out.png --backend CUDA',
    exitCode: 2,
    answer:
      "error: Expected one of auto, gpu, cpu, wasm, reference for --backend, but received 'CUDA'. See neighbor-product --help.\n",
  },
  {
    typed: 'in.png -o out.png --max-pixels 5MP',
    exitCode: 2,
    answer:
      'error: Expected a number of pixels such as 1000000, 64M, 2G or 2^28 for --max-pixels, but received ' +
      "'5MP'. See neighbor-product --help.\n",
  },
  {
    typed: 'in.png -o out.png --quiet --verbose',
    exitCode: 2,
    answer: 'error: Expected --quiet or --verbose, but received both. Leave one of them out.\n',
  },
  {
    typed: 'in.png -o - --json',
    exitCode: 2,
    answer:
      'error: Both --json and -o - need standard output. Type: neighbor-product in.png -o in-product.png --json\n',
  },
  {
    typed: 'in.png -o -',
    exitCode: 2,
    answer: 'error: Cannot write the image: standard output is a terminal. Add > out.png, or name a file after -o.\n',
    before: TERMINAL,
  },
];

const INPUTS: readonly Mistake[] = [
  {
    typed: 'gone.png -o out.png',
    exitCode: 3,
    answer: "error: Cannot read 'gone.png': no such file. Check the path.\n",
  },
  {
    typed: 'gone.png -o out.png --verbose',
    exitCode: 3,
    answer:
      "error: Cannot read 'gone.png': no such file. Check the path.\n" +
      "  cause: ENOENT: no such file or directory, open 'gone.png'\n",
  },
  {
    typed: 'folder -o out.png',
    exitCode: 2,
    answer:
      "error: Expected a folder for a folder or a list, but received 'out.png'. " +
      'Type: neighbor-product folder -o products/\n',
  },
  {
    typed: '*.PNG -o out.png',
    exitCode: 3,
    answer:
      "error: Cannot read '*.PNG': the shell made no names of this pattern. Check the folder, or name the files.\n",
  },
  {
    typed: 'https://example.org/in.png -o out.png',
    exitCode: 3,
    answer:
      "error: Cannot read 'https://example.org/in.png': it is a URL, and nothing is downloaded. Download it first, and " +
      'name the file.\n',
  },
  {
    typed: '- -o out.png',
    exitCode: 3,
    answer: 'error: Cannot read standard input: it is a terminal. Name a file, or redirect one with < FILE.\n',
    before: 'process.stdin.isTTY = true',
  },
  {
    typed: '- -o out.png',
    exitCode: 3,
    answer: 'error: standard input: Cannot read an empty file as an image. Name an image file.\n',
  },
  ...Object.entries({
    'photo.heic': 'a HEIC image. Convert it to PNG first.',
    'drawing.svg': 'an SVG drawing. Convert it to PNG first.',
    'page.png': 'a web page. Download the image that it shows.',
    'letter.pdf': 'a PDF document. Name an image file.',
    'photos.zip': 'a ZIP archive. Unpack it first.',
    'empty.png': 'an empty file as an image. Name an image file.',
    'notes.txt': 'text as an image. Name an image file.',
  }).map(([name, answer]) => ({
    typed: `${name} -o out.png`,
    exitCode: 3,
    answer: `error: ${name}: Cannot read ${answer}\n`,
  })),
  {
    typed: 'photo.jpg -o out.png',
    exitCode: 3,
    answer:
      /^error: photo\.jpg: sharp cannot read this JPEG: .*\. Download or export it again, or convert it to PNG first\.\n$/,
  },
  {
    typed: 'damaged.png -o out.png',
    exitCode: 3,
    answer: /^error: damaged\.png: The PNG is damaged: the CRC of .* is wrong\. Download or export it again\.\n$/,
  },
  {
    typed: 'truncated.png -o out.png',
    exitCode: 3,
    answer: /^error: truncated\.png: The PNG was cut short: .*\. Download or export it again\.\n$/,
  },
  {
    typed: 'in.png -o out.png --max-pixels 9',
    exitCode: 3,
    answer:
      'error: in.png: The image has 7x5 pixels, more than the limit of 9. Raise the limit (--max-pixels, maxPixels) if ' +
      'you trust the file.\n',
  },
];

const OUTPUTS: readonly Mistake[] = [
  {
    typed: 'in.png -o out.jpg',
    exitCode: 2,
    answer:
      "error: Cannot write 'out.jpg': only PNG, WebP, TIFF and PAM can be written. Type: neighbor-product in.png -o out.png\n",
  },
  {
    typed: 'in.png other.png -o out.png',
    exitCode: 2,
    answer:
      "error: Expected a folder for 2 inputs, but received 'out.png'. Type: neighbor-product in.png other.png -o products/\n",
  },
  {
    typed: 'in.png other.png -o products',
    exitCode: 2,
    answer:
      "error: Expected a folder for 2 inputs, but received 'products'. Type: neighbor-product in.png other.png -o products/\n",
  },
  {
    typed: 'in.png folder/in.png -o products/',
    exitCode: 2,
    answer:
      "error: The inputs 'in.png' and 'folder/in.png' have the same output 'products/in.png'. Leave one of them out, " +
      'or run the command once for each, with another folder.\n',
  },
  {
    typed: 'in.png in.png -o products/',
    exitCode: 2,
    answer: "error: The input 'in.png' is named twice. Name it once.\n",
  },
  {
    typed: 'in.png -o a.png -o b.png',
    exitCode: 2,
    answer: "error: Expected one path after -o, but received 'a.png' and 'b.png'. Leave one of them out.\n",
  },
  {
    typed: 'in.png -o ./in.png',
    exitCode: 2,
    answer: "error: The output './in.png' is the same file as the input 'in.png'. Name another file or folder.\n",
  },
  {
    typed: 'in.png -o gone/out.png',
    exitCode: 5,
    answer: "error: The output folder 'gone' does not exist. Create it first.\n",
  },
  {
    typed: 'in.png -o out.png --backend gpu',
    exitCode: 4,
    answer:
      /^(.+\n)*error: in\.png: No usable GPU: .+\. Run neighbor-product devices to see what is missing\. Or use the backend auto\.\n$/,
  },
];

describe.each([
  ['the command line', USAGE],
  ['inputs', INPUTS],
  ['outputs and backends', OUTPUTS],
])('%s', (_, mistakes) => {
  test.each(mistakes)('neighbor-product $typed', async ({ typed, exitCode, answer, before = '' }) => {
    const cwd = folderWith(FILES);
    const files = listing(cwd);
    const args = typed === '' ? [] : typed.split(' ');
    const outcome = await run(args, { cwd, before, env: NO_GPU });
    if (typeof answer === 'string') expect(outcome.stderr).toBe(answer);
    else expect(outcome.stderr).toMatch(answer);
    expect({ exitCode: outcome.exitCode, stdout: outcome.stdout.length }).toEqual({ exitCode, stdout: 0 });
    expect(listing(cwd)).toEqual(files);
  });
});

describe('no mistakes: a second name is the output, unless it is a file', () => {
  test.each([
    ['in.png new.png', 'new.png'],
    ['in.png new/', 'new/in.png'],
    ['in.png folder', 'folder/in.png'],
    ['- new.png', 'new.png'],
  ])('neighbor-product %s', async (typed, output) => {
    const cwd = folderWith(FILES);
    const { exitCode, stderr } = await run(typed.split(' '), { cwd, stdin: PNG_FILE });
    expect(stderr).toMatch(new RegExp(`^(in.png|standard input) → ${output} `));
    expect(exitCode).toBe(0);
    expect(listing(cwd)).toContain(output);
  });

  test('neighbor-product in.png -', async () => {
    const { exitCode, stdout } = await run(['in.png', '-'], { cwd: folderWith(FILES) });
    expect(exitCode).toBe(0);
    expect(stdout.subarray(1, 4).toString()).toBe('PNG');
  });
});

/** root may read and write everything, so the command becomes another user. */
const AS_NOBODY = 'if (process.getuid?.() === 0) process.setuid(65534);';
const NOBODY_CAN_RUN =
  process.platform !== 'win32' &&
  (process.getuid?.() !== 0 || foldersAbove(ROOT).every((folder) => (statSync(folder).mode & 0o005) === 0o005));

function foldersAbove(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...foldersAbove(parent)];
}

describe.runIf(NOBODY_CAN_RUN)('permissions', () => {
  test.each([
    [
      'in.png -o open/out.png',
      3,
      "Cannot read 'in.png': permission denied. Change its permissions or run as another user.",
    ],
    [
      'other.png -o closed/out.png',
      5,
      "Cannot write 'closed/out.png': permission denied. Change the permissions of file and folder, or name another.",
    ],
  ])('neighbor-product %s', async (typed, exitCode, answer) => {
    const cwd = folderWith(FILES);
    for (const [name, mode] of [
      ['.', 0o755],
      ['open', 0o777],
      ['closed', 0o555],
    ] as const) {
      if (name !== '.') mkdirSync(path.join(cwd, name));
      chmodSync(path.join(cwd, name), mode);
    }
    chmodSync(path.join(cwd, 'in.png'), 0o000);
    const outcome = await run(typed.split(' '), { cwd, before: AS_NOBODY });
    expect(outcome.stderr).toContain(answer);
    expect(outcome.exitCode).toBe(exitCode);
  });
});

describe('the library', () => {
  const data = new Uint8Array(4 * 3 * 4);
  const image = { data, width: 4, height: 3, channels: 4 } as const;

  test.each<[typed: string, image: unknown, options: object, answer: string]>([
    [
      "transform('in.png')",
      'in.png',
      {},
      "Expected an object { data, width, height, channels } for image, but received 'in.png' (string). Read the file and decode it to samples first.",
    ],
    [
      'transform(decode(file)), where decode returns a promise',
      Promise.resolve(image),
      {},
      'Expected an object { data, width, height, channels } for image, but received an object of type Promise. Await it first.',
    ],
    [
      'transform({ data: file.bytes(), ... }), a promise',
      { ...image, data: Promise.resolve(data) },
      {},
      'Expected a Uint8Array or Uint8ClampedArray for image.data, but received an object of type Promise. Await it first.',
    ],
    [
      'transform({ data: new Float32Array(48), ... })',
      { ...image, data: new Float32Array(48) },
      {},
      'Expected a Uint8Array or Uint8ClampedArray for image.data, but received an object of type Float32Array. Convert the samples to bytes, 0 to 255, first.',
    ],
    [
      'transform({ data, width, height }), where the length does not tell the channels',
      { data: new Uint8Array(40), width: 4, height: 3 },
      {},
      'Expected 3 (RGB) or 4 (RGBA) for image.channels, but received undefined. Name it: 40 bytes for 12 pixels do not tell.',
    ],
    [
      'transform({ data: data.subarray(1), ... })',
      { ...image, data: data.subarray(1) },
      {},
      'Expected at least 48 bytes (4x3 RGBA) for image.data.byteLength, but received 47 (number).',
    ],
    [
      "transform({ width: '4', ... })",
      { ...image, width: '4' },
      {},
      "Expected a whole number of at least 1 for image.width, but received '4' (string).",
    ],
    [
      "transform(image, { bordr: 'wrap' })",
      image,
      { bordr: 'wrap' },
      "Expected one of backend, alpha, border, passes, threads, gpuTimeoutMs, auditSeed, output, signal, onSpan for the name of an option, but received 'bordr' (string).",
    ],
    [
      "transform(image, { passes: '2' })",
      image,
      { passes: '2' },
      "Expected a whole number from 1 to 1000 for options.passes, but received '2' (string).",
    ],
  ])('%s', async (_typed, given, options, message) => {
    await expect(transform(given as Image, options)).rejects.toMatchObject({ name: 'NeighborProductError', message });
  });
});
