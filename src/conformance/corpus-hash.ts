/** One hash over ids and input bytes: two runs with the same hash compared the same things. */
import type { Case } from './cases.js';
import type { CaseMemory } from './memory.js';

/** SHA-256 of a case's id and input memory. */
export async function hashCase({ id }: Case, { input }: CaseMemory): Promise<Uint8Array> {
  const idBytes = new TextEncoder().encode(`${id}\n`);
  const bytes = new Uint8Array(idBytes.length + input.length);
  bytes.set(idBytes);
  bytes.set(input, idBytes.length);
  return sha256(bytes);
}

/** SHA-256 of the cases' hashes, in hexadecimal. */
export async function hashCorpus(caseHashes: readonly Uint8Array[]): Promise<string> {
  const bytes = new Uint8Array(caseHashes.flatMap((hash) => [...hash]));
  return Array.from(await sha256(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
