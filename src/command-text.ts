/** Command lines of this program, as people type them in a POSIX shell. */

/**
 * `neighbor-product in.png -o out.png`
 *
 * @param readable what to show of a word that is not all text
 */
export function commandText(words: readonly string[], readable = (word: string) => word): string {
  return ['neighbor-product', ...words.map((word) => quoted(word, readable))].join(' ');
}

/** As one word of a shell. Control characters and bytes that are no text need the form that bash, ksh and zsh have. */
function quoted(word: string, readable: (word: string) => string): string {
  if (/^[\w./@%+:,-]+$/.test(word)) return word;
  if (readable(word) === word && !/\p{Cc}/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = readable(word.replace(/[\\']/g, '\\$&'));
  return `$'${escaped.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
