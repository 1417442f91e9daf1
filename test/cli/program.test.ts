import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { BACKEND_CHOICES } from '../../src/backends.js';
import { benchOptions, conformanceOptions, devicesOptions, transformOptions } from '../../src/cli/options.js';
import { EXAMPLES, NothingAsked, parseCommandLine } from '../../src/cli/program.js';
import { DEFAULT_COMPRESSION } from '../../src/formats/png/codec.js';
import { ALPHA_MODES, DEFAULT_OPERATION } from '../../src/options.js';
import { BORDER_MODES } from '../../src/regions.js';
import { requestOf } from './requests.js';

afterEach(() => vi.unstubAllEnvs());

function textOf(...args: string[]): string {
  const commandLine = parseCommandLine(args);
  if (commandLine.kind !== 'text') throw new Error('Expected a text, but received a request');
  return commandLine.text;
}

test('the defaults are those of the library and the codec', () => {
  expect(requestOf('a.png', '-o', 'b.png')).toEqual({
    inputs: ['a.png'],
    output: 'b.png',
    otherOptions: [],
    backend: 'auto',
    ...DEFAULT_OPERATION,
    compression: DEFAULT_COMPRESSION,
  });
});

test('every option arrives, before or after the inputs', () => {
  const args =
    '--backend cpu a.png --alpha keep - --border=wrap --passes 3 --threads 2 --max-pixels 9 --compression small -o - b.png';
  expect(requestOf(...args.split(' '), '--trace', 't.json', '--verify', '--json', '-q')).toEqual({
    inputs: ['a.png', '-', 'b.png'],
    output: '-',
    backend: 'cpu',
    alpha: 'keep',
    border: 'wrap',
    passes: 3,
    threads: 2,
    maxPixels: 9,
    compression: 'small',
    verify: true,
    json: true,
    trace: 't.json',
    quiet: true,
    otherOptions: (
      '--backend cpu --alpha keep --border wrap --passes 3 --threads 2 --max-pixels 9 --compression small --verify ' +
      '--json --trace t.json --quiet'
    ).split(' '),
  });
  expect(requestOf('a.png', '-v')).toMatchObject({ verbose: true });
});

test('after -- even what looks like an option is an input', () => {
  const request = requestOf('-o', 'b.png', '--', '--verify');
  expect(request.inputs).toEqual(['--verify']);
  expect(request).not.toHaveProperty('verify');
  expect(requestOf('-o', 'b.png', '--', 'devices').inputs).toEqual(['./devices']);
  expect(requestOf('--json', '--', 'bench', 'a.png').inputs).toEqual(['./bench', 'a.png']);
});

test.each([
  ...BACKEND_CHOICES.map((choice) => ['backend', choice]),
  ...ALPHA_MODES.map((choice) => ['alpha', choice]),
  ...BORDER_MODES.map((choice) => ['border', choice]),
])('--%s %s', (name, choice) => {
  expect(requestOf('a.png', `--${name}`, choice)).toMatchObject({ [name]: choice });
});

test.each([
  ['1', 1],
  ['1000000', 1e6],
  ['2^28', 2 ** 28],
  ['64M', 64e6],
  ['64m', 64e6],
  ['2G', 2e9],
  ['2g', 2e9],
  ['5K', 5000],
  ['5k', 5000],
  ['1.1M', 1.1e6],
  ['0.5K', 500],
])('--max-pixels %s', (text, count) => expect(requestOf('a.png', '--max-pixels', text).maxPixels).toBe(count));

test('a variable chooses the backend, and the command line takes precedence', () => {
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', 'reference');
  expect(requestOf('a.png').backend).toBe('reference');
  expect(requestOf('a.png', '--backend', 'cpu').backend).toBe('cpu');
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', '');
  expect(requestOf('a.png').backend).toBe('auto');
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', 'fpga');
  expect(() => requestOf('a.png')).toThrow(
    "Expected one of auto, gpu, cpu, wasm, reference for NEIGHBOR_PRODUCT_BACKEND, but received 'fpga'. See ",
  );
});

test.each([
  [['--passes', '2'], 'Expected an image file, but received none. Type: neighbor-product in.png -o out.png'],
  [['--bakend', 'cpu'], "Unknown option '--bakend'. Did you mean --backend?"],
  [['--bakend=cpu'], "Unknown option '--bakend'. Did you mean --backend?"],
  [['a.png', '--vebrose'], "Unknown option '--vebrose'. Did you mean --verbose?"],
  [['a.png', '--zzz'], "Unknown option '--zzz'. See neighbor-product --help."],
  [['a.png', "--it's\na 'name'"], "Unknown option '--it's\na 'name''. See neighbor-product --help."],
  [['a.png', '--verify=yes'], "Unknown option '--verify=yes'. See neighbor-product --help."],
  [['a.png', '--out', 'b.png'], "Unknown option '--out'. Did you mean --output?"],
  [['a.png', '-O', 'b.png'], "Unknown option '-O'. Did you mean --output?"],
  [['a.png', '-b', 'cpu'], "Unknown option '-b'. Did you mean one of --backend, --border?"],
  [['a.png', '-output', 'b.png'], "Unknown option '-output'. Did you mean --output?"],
  [['bench', '-json'], "Unknown option '-json'. Did you mean --json?"],
  [['a.png', '-o', '--verify'], 'Expected a value after --output, but received the option --verify. Put the value '],
  [['a.png', '-o', 'b.png', '--trace', '-q'], 'Expected a value after --trace, but received the option -q. Put the '],
  [['conformance', '--report', '--json'], 'Expected a value after --report, but received the option --json. '],
  [['a.png', '-o', 'b.png', '-o', 'c.png'], "Expected one path after -o, but received 'b.png' and 'c.png'. Leave one "],
  [['a.png', '--passes'], 'Expected a value after --passes, but received none. See neighbor-product --help.'],
  [['bench', '--repeat'], 'Expected a value after --repeat, but received none. See neighbor-product bench --help.'],
  [['a.png', '--alpha', 'none'], "Expected one of opaque, channel, keep for --alpha, but received 'none'. See "],
  [
    ['a.png', '--backend', 'CUDA'],
    "Expected one of auto, gpu, cpu, wasm, reference for --backend, but received 'CUDA'. See ",
  ],
  [['a.png', '--backend', 'GPU'], "for --backend, but received 'GPU'. Did you mean gpu?"],
  [['a.png', '--passes', '0'], "Expected a whole number from 1 to 1000 for --passes, but received '0'. See "],
  [['a.png', '--passes', '1001'], 'Expected a whole number from 1 to 1000 for --passes'],
  [['a.png', '--passes', '1.5'], 'Expected a whole number from 1 to 1000 for --passes'],
  [['a.png', '--passes', '-1'], 'Expected a whole number from 1 to 1000 for --passes'],
  [['a.png', '--passes', ''], 'Expected a whole number from 1 to 1000 for --passes'],
  [
    ['a.png', '--threads', "'x' is invalid. "],
    "Expected a whole number from 1 to 256 for --threads, but received ''x' is ",
  ],
  [['a.png', '--threads', '257'], 'Expected a whole number from 1 to 256 for --threads'],
  [['a.png', '--threads', '0'], 'Expected a whole number from 1 to 256 for --threads'],
  [['a.png', '--threads=abc'], "Expected a whole number from 1 to 256 for --threads, but received 'abc'."],
  ...['0', '1.5', '2^54', '9P', '2GB', '-1', '1e6', 'M', ''].map((text): [string[], string] => [
    ['a.png', '--max-pixels', text],
    `Expected a number of pixels such as 1000000, 64M, 2G or 2^28 for --max-pixels, but received '${text}'.`,
  ]),
  [['a.png', '-q', '-v'], 'Expected --quiet or --verbose, but received both. Leave one of them out.'],
  [
    ['devices', 'a.png', 'b'],
    "Expected no argument for devices, but received 'a.png', 'b'. See neighbor-product devices ",
  ],
  [['--json', 'completion', 'a', 'b'], "Expected one argument for completion, but received 'a', 'b'. See "],
  [['completion', 'zsh', 'fish'], "Expected one argument for completion, but received 'zsh', 'fish'. See "],
  [['help', 'me'], 'Expected one of devices, conformance, bench, completion, help, version for command, but received '],
])('%j is refused in one line', (args, message) => {
  const parse = () => parseCommandLine(args);
  expect(parse).toThrow(message);
  expect(parse).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.not.stringMatching(/^error:|\n\(/) }),
  );
});

test('of an option that is given twice, the last one counts', () => {
  expect(requestOf('a.png', '--backend', 'cpu', '--backend=gpu').backend).toBe('gpu');
});

test('an output without a value is left to the check of the outputs, which knows the inputs', () => {
  expect(requestOf('a.png', '-o')).toMatchObject({ inputs: ['a.png'], output: '' });
  expect(requestOf('a.png', '--json', '--output')).toMatchObject({ inputs: ['a.png'], output: '' });
});

test('a second input - is the output', () => {
  expect(requestOf('a.png', '-')).toMatchObject({ inputs: ['a.png'], output: '-' });
  expect(requestOf('-', '-')).toMatchObject({ inputs: ['-'], output: '-' });
  expect(requestOf('a.png', '-', 'b.png')).toMatchObject({ inputs: ['a.png', '-', 'b.png'] });
  expect(requestOf('a.png', '-', '-o', 'c/')).toMatchObject({ inputs: ['a.png', '-'], output: 'c/' });
});

test.each([
  [['device'], "Unknown command 'device'. Did you mean 'devices'?"],
  [['confromance', '--quick'], "Unknown command 'confromance'. Did you mean 'conformance'?"],
  [['benhc', '--json'], "Unknown command 'benhc'. Did you mean 'bench'?"],
  [['hepl'], "Unknown command 'hepl'. Did you mean 'help'?"],
])('%j is nearly a command', (args, message) => {
  expect(() => parseCommandLine(args)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION', message }));
});

test.each([[['photo']], [['device', '-o', 'b.png']], [['device', 'a.png']], [['--', '-device']]])(
  '%j is no command',
  (args) => expect(parseCommandLine(args).kind).toBe('transform'),
);

test('nothing at all is answered by a short help', () => {
  const parse = () => parseCommandLine([]);
  expect(parse).toThrow(NothingAsked);
  expect(parse).toThrow(
    /^Usage: neighbor-product \[options\] <input\.\.\.> -o <output>\n[\s\S]*--help lists every option/,
  );
  for (const example of EXAMPLES) expect(parse).toThrow(example);
});

test('help is the help of a command, before or after its name', () => {
  expect(textOf('help')).toBe(textOf('--help'));
  expect(textOf('help', 'bench')).toBe(textOf('bench', '--help'));
  expect(textOf('help', 'help')).toContain('Usage: neighbor-product help');
  expect(textOf('a.png', '-o', 'b.png', '--help')).toBe(textOf('--help'));
  expect(() => parseCommandLine(['help', '--json'])).toThrow("Unknown option '--json'.");
});

test('help lists every option and every exit code', () => {
  const help = textOf('--help');
  expect(textOf('-h')).toBe(help);
  const longNames = Object.values(transformOptions()).map(({ long }) => long!);
  expect(longNames).toHaveLength(30);
  for (const name of [...longNames, 'NEIGHBOR_PRODUCT_BACKEND', '--version', '  70  ', '  130  ']) {
    expect(help).toContain(name);
  }
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(textOf('--version')).toBe(`${version}\n`);
  expect(textOf('version')).toBe(`${version}\n`);
});

test('a command has its own options', () => {
  expect(parseCommandLine(['devices'])).toEqual({ kind: 'devices', request: {} });
  expect(parseCommandLine(['devices', '--json'])).toEqual({ kind: 'devices', request: { json: true } });
  expect(() => parseCommandLine(['devices', '--jsn'])).toThrow("Unknown option '--jsn'. Did you mean --json?");
  expect(() => parseCommandLine(['conformance', '--fliter=x'])).toThrow(
    "Unknown option '--fliter'. Did you mean --filter?",
  );
  expect(() => parseCommandLine(['--json', 'devices'])).toThrow(
    'Expected options of devices after its name, but --json comes before it. Type: neighbor-product devices --json',
  );
  expect(() => parseCommandLine(['--alpha', 'keep', 'devices'])).toThrow(
    'but --alpha comes before it. See neighbor-product devices --help.',
  );
  expect(requestOf('./devices', '-o', 'out.png').inputs).toEqual(['./devices']);
});

test('completion needs the name of a shell', () => {
  expect(parseCommandLine(['completion', 'fish'])).toEqual({ kind: 'completion', shell: 'fish' });
  expect(() => parseCommandLine(['completion'])).toThrow('Expected one of bash, zsh, fish, but received none. Type: ');
  expect(() => parseCommandLine(['completion', 'csh'])).toThrow(
    "Expected one of bash, zsh, fish for shell, but received 'csh'.",
  );
  expect(textOf('completion', '--help')).toContain('eval "$(neighbor-product completion bash)"');
});

test.each([transformOptions, devicesOptions, conformanceOptions, benchOptions])(
  'the keys of table %# are the names of its values, and every option has a help text',
  (table) => {
    for (const [key, option] of Object.entries(table())) {
      expect(option.attributeName()).toBe(option.negate ? 'recursive' : key);
      expect(option.description).toMatch(/./);
    }
  },
);
