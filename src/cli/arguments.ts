/** The arguments of the command with every byte: Node has made U+FFFD of those that are not UTF-8. */
import { readFileSync } from 'node:fs';
import { nameFrom } from '../files/names.js';

/**
 * @param args as Node gives them, the last ones of the command line
 * @param readCommandLine gives all arguments of the process, each with a zero byte after it; throws where no system does
 * @returns names as of {@link nameFrom}
 */
export function exactArguments(args: readonly string[], readCommandLine = readLinuxCommandLine): readonly string[] {
  if (!args.some((arg) => arg.includes('\ufffd'))) return args;
  try {
    const texts = readCommandLine().toString('latin1').split('\0').slice(0, -1);
    const exact = texts.slice(-args.length).map((text) => Buffer.from(text, 'latin1'));
    // A process can overwrite its command line, as by its title.
    const isSame = exact.length === args.length && exact.every((bytes, index) => bytes.toString() === args[index]);
    return isSame ? exact.map(nameFrom) : args;
  } catch {
    return args;
  }
}

function readLinuxCommandLine(): Buffer {
  return readFileSync('/proc/self/cmdline');
}
