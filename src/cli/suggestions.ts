/** The command lines that errors suggest: each runs when it is typed in a POSIX shell. */
import { commandText } from '../command-text.js';
import { readableName } from '../files/names.js';

/** With names of files as they can be read. */
export function suggestCommand(args: readonly string[]): string {
  return commandText(args, readableName);
}

/** A path that is neither an option nor the name of a command. */
export function asPath(path: string, commandNames: readonly string[] = []): string {
  return (path.startsWith('-') && path !== '-') || commandNames.includes(path) ? `./${path}` : path;
}
