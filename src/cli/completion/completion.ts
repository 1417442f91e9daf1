/**
 * Scripts that complete the command line. They are whole: a shell that has one starts no process of Node when a user
 * types TAB, and what is completed is what the option table said when the script was printed.
 */
import { describeCommands } from '../command-table.js';
import { bashCompletion } from './bash.js';
import { fishCompletion } from './fish.js';
import type { Shell } from './shells.js';
import { zshCompletion } from './zsh.js';

const GENERATORS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/** @returns the script, ended by a line break */
export function completionScript(shell: Shell): string {
  return GENERATORS[shell](describeCommands());
}
