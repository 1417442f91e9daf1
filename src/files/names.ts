/**
 * Names of files as strings that keep every byte. A name on Linux is bytes, which need not be UTF-8; a byte that is not
 * becomes a lone surrogate, U+DC80 to U+DCFF, as in Python (PEP 383). Such a string can be compared, joined and split as
 * any other; only at the file system it becomes bytes again.
 */
import { join } from 'node:path';

const ESCAPE = 0xdc00;
/** With the flag u, it does not match half of a surrogate pair. */
const ESCAPED_BYTE = /[\udc80-\udcff]/gu;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LONGEST_UTF8_CHARACTER = 4;

/** The name that some bytes are. */
export function nameFrom(bytes: Uint8Array): string {
  const whole = decoded(bytes);
  if (whole !== undefined) return whole;
  let name = '';
  for (let at = 0; at < bytes.length; ) {
    const lengths = Array.from({ length: LONGEST_UTF8_CHARACTER }, (_, index) => index + 1);
    const length = lengths.find((count) => decoded(bytes.subarray(at, at + count)) !== undefined);
    name += length === undefined ? String.fromCharCode(ESCAPE + bytes[at]) : decoded(bytes.subarray(at, at + length));
    at += length ?? 1;
  }
  return name;
}

/** A name as Node's file functions take it. */
export function pathOf(name: string): string | Buffer {
  if (name.search(ESCAPED_BYTE) < 0) return name;
  const bytes = Array.from(name, (character) =>
    character.search(ESCAPED_BYTE) < 0 ? Buffer.from(character) : Buffer.of(byteOf(character)),
  );
  return Buffer.concat(bytes);
}

/** A name to be read: a byte that is no text as `\\xE9`. */
export function readableName(name: string): string {
  return name.replace(ESCAPED_BYTE, (escaped) => `\\x${byteOf(escaped).toString(16).toUpperCase()}`);
}

/**
 * The path of a name in a folder. On POSIX systems without the normalising of `path.join`: where `..` follows a symbolic
 * link, that leads to another folder.
 */
export function pathIn(folder: string, name: string): string {
  if (process.platform === 'win32') return join(folder, name);
  if (folder === '.') return name === '-' ? './-' : name; // - alone is a stream
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

function byteOf(escaped: string): number {
  return escaped.charCodeAt(0) - ESCAPE;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return UTF8.decode(bytes);
  } catch {
    return undefined;
  }
}
