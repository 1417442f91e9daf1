/** Ways to make the program say something. */
import { crc32 } from '../../src/codec/crc32.js';
import type { Image } from '../../src/image.js';
import { folderWith, PNG_FILE, run } from '../cli/command.js';
import { commandPath } from './pages.js';

/** Makes the program say what a page quotes. */
export type Said = () => string | Promise<string>;

export const IMAGE: Image = { data: new Uint8Array(48), width: 4, height: 3, channels: 4 };

const FILES = {
  'photo.png': PNG_FILE,
  'second.png': PNG_FILE,
  'photo.jpg': Uint8Array.of(0xff, 0xd8, 0xff),
  'empty.png': new Uint8Array(0),
  'crlf.png': Uint8Array.from(PNG_FILE).fill(0x0a, 4, 6),
  'cut.png': PNG_FILE.subarray(0, 100),
  'flipped.png': Uint8Array.from(PNG_FILE).fill(PNG_FILE[45] ^ 1, 45, 46),
  'huge.png': hugeHeader(),
};

/** A picture of which the header says 60000x60000. */
function hugeHeader(): Uint8Array {
  const file = Buffer.from(PNG_FILE);
  file.writeUInt32BE(60000, 16);
  file.writeUInt32BE(60000, 20);
  file.writeUInt32BE(crc32(file.subarray(12, 29)), 29);
  return file;
}

interface Special {
  readonly env?: NodeJS.ProcessEnv;
  readonly before?: string;
}

export async function linesOf(line: string, special: Special): Promise<string[]> {
  const { stderr } = await run(line.split(' '), { cwd: folderWith(FILES), script: commandPath, ...special });
  return stderr.trimEnd().split('\n');
}

/** The first line that the command says, without `error: ` before it. */
export function command(line: string, special: Special = {}): Said {
  return async () => (await linesOf(line, special))[0].replace(/^error: /, '');
}

export function lastLineOf(line: string, special: Special = {}): Said {
  return async () => (await linesOf(line, special)).at(-1)!;
}

/** What a call throws or rejects with. */
export function thrown(call: () => unknown): Said {
  return async () => {
    try {
      await call();
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error('Expected a message, but nothing was thrown.');
  };
}

/** Node's loader refuses a native library, as it does where another library that it needs is missing. */
export function unloadable(library: string): string {
  return `const { dlopen } = process;
    process.dlopen = (module, path, ...rest) => {
      if (path.includes('${library}')) throw new Error('libgomp.so.1: cannot open shared object file');
      dlopen(module, path, ...rest);
    };`;
}

export function terminal(stream: 'stdin' | 'stdout'): string {
  return `Object.defineProperty(process.${stream}, 'isTTY', { value: true });`;
}
