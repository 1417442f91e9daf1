import { readFileSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { BACKEND_CHOICES } from '../../src/backends.js';
import { benchOptions, conformanceOptions, devicesOptions, transformOptions } from '../../src/cli/options.js';
import { parseCommandLine } from '../../src/cli/program.js';
import { DEFAULT_COMPRESSION, DEFAULT_MAX_PIXELS } from '../../src/formats/png/codec.js';
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
    backend: 'auto',
    ...DEFAULT_OPERATION,
    maxPixels: DEFAULT_MAX_PIXELS,
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
  });
  expect(requestOf('a.png', '-v')).toMatchObject({ verbose: true });
});

test('after -- even what looks like an option is an input', () => {
  const request = requestOf('-o', 'b.png', '--', '--verify');
  expect(request.inputs).toEqual(['--verify']);
  expect(request).not.toHaveProperty('verify');
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
])('--max-pixels %s', (text, count) => expect(requestOf('a.png', '--max-pixels', text).maxPixels).toBe(count));

test('a variable chooses the backend, and the command line takes precedence', () => {
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', 'reference');
  expect(requestOf('a.png').backend).toBe('reference');
  expect(requestOf('a.png', '--backend', 'cpu').backend).toBe('cpu');
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', '');
  expect(requestOf('a.png').backend).toBe('auto');
  vi.stubEnv('NEIGHBOR_PRODUCT_BACKEND', 'fpga');
  expect(() => requestOf('a.png')).toThrow(
    "'fpga' from env 'NEIGHBOR_PRODUCT_BACKEND' is invalid. Allowed choices are",
  );
});

test.each([
  [[], 'Expected a PNG file, but received none. Type: neighbor-product in.png -o out.png'],
  [['--bakend', 'cpu'], "Unknown option '--bakend'. Did you mean --backend?"],
  [['--bakend=cpu'], "Unknown option '--bakend'. Did you mean --backend?"],
  [['a.png', '--vebrose'], "Unknown option '--vebrose'. Did you mean --verbose?"],
  [['a.png', '--zzz'], "Unknown option '--zzz'. See neighbor-product --help."],
  [['a.png', '--verify=yes'], "Unknown option '--verify=yes'. See neighbor-product --help."],
  [['a.png', '-o'], "Option '-o, --output <path>' argument missing. See neighbor-product --help."],
  [['a.png', '--alpha', 'none'], "argument 'none' is invalid. Allowed choices are opaque, channel, keep."],
  [['a.png', '--passes', '0'], "argument '0' is invalid. Expected a whole number from 1 to 1000."],
  [['a.png', '--passes', '1001'], 'Expected a whole number from 1 to 1000.'],
  [['a.png', '--passes', '1.5'], 'Expected a whole number from 1 to 1000.'],
  [['a.png', '--passes', '-1'], 'Expected a whole number from 1 to 1000.'],
  [['a.png', '--passes', ''], 'Expected a whole number from 1 to 1000.'],
  [['a.png', '--threads', '257'], 'Expected a whole number from 1 to 256.'],
  [['a.png', '--max-pixels', '0'], 'Expected a number of pixels such as'],
  [['a.png', '--max-pixels', '2^54'], 'Expected a number of pixels such as'],
  [['a.png', '--max-pixels', '5G'], 'Expected a number of pixels such as'],
  [['a.png', '-q', '-v'], "Option '-q, --quiet' cannot be used with option '-v, --verbose'."],
])('%j is refused in one line', (args, message) => {
  const parse = () => parseCommandLine(args);
  expect(parse).toThrow(message);
  expect(parse).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', message: expect.not.stringMatching(/\n|error:/) }),
  );
});

test('help lists every option and every exit code', () => {
  const help = textOf('--help');
  expect(textOf('-h')).toBe(help);
  const longNames = Object.values(transformOptions()).map(({ long }) => long!);
  expect(longNames).toHaveLength(13);
  for (const name of [...longNames, 'NEIGHBOR_PRODUCT_BACKEND', '--version', '  70  ', '  130  ']) {
    expect(help).toContain(name);
  }
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(textOf('--version')).toBe(`${version}\n`);
});

test('a command has its own options', () => {
  expect(parseCommandLine(['devices'])).toEqual({ kind: 'devices', request: {} });
  expect(parseCommandLine(['devices', '--json'])).toEqual({ kind: 'devices', request: { json: true } });
  expect(() => parseCommandLine(['devices', '--jsn'])).toThrow("Unknown option '--jsn'. Did you mean --json?");
  expect(() => parseCommandLine(['conformance', '--fliter=x'])).toThrow(
    "Unknown option '--fliter'. Did you mean --filter?",
  );
  expect(() => parseCommandLine(['--json', 'devices'])).toThrow('but --json comes before it');
  expect(requestOf('./devices', '-o', 'out.png').inputs).toEqual(['./devices']);
});

test('completion needs the name of a shell', () => {
  expect(parseCommandLine(['completion', 'fish'])).toEqual({ kind: 'completion', shell: 'fish' });
  expect(() => parseCommandLine(['completion'])).toThrow('Expected one of bash, zsh, fish, but received none. Type: ');
  expect(() => parseCommandLine(['completion', 'csh'])).toThrow('Allowed choices are bash, zsh, fish.');
  expect(textOf('completion', '--help')).toContain('eval "$(neighbor-product completion bash)"');
});

test.each([transformOptions, devicesOptions, conformanceOptions, benchOptions])(
  'the keys of table %# are the names of its values, and every option has a help text',
  (table) => {
    for (const [key, option] of Object.entries(table())) {
      expect(option.attributeName()).toBe(key);
      expect(option.description).toMatch(/./);
    }
  },
);
