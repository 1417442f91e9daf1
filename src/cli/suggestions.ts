/** The command lines that errors suggest: each runs when it is typed in a POSIX shell. */
import { readableName } from '../files/names.js';

/** `neighbor-product in.png -o out.png` */
export function suggestCommand(args: readonly string[]): string {
  return ['neighbor-product', ...args.map(quote)].join(' ');
}

/** A path that is neither an option nor the name of a command. */
export function asPath(path: string, commandNames: readonly string[] = []): string {
  return (path.startsWith('-') && path !== '-') || commandNames.includes(path) ? `./${path}` : path;
}

/** As one word of a shell. Control characters and bytes that are no text need the form that bash, ksh and zsh have. */
function quote(arg: string): string {
  if (/^[\w./@%+:,-]+$/.test(arg)) return arg;
  const readable = readableName(arg);
  if (readable === arg && !/\p{Cc}/u.test(arg)) return `'${arg.replaceAll("'", `'\\''`)}'`;
  const escaped = readableName(arg.replace(/[\\']/g, '\\$&'));
  return `$'${escaped.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
