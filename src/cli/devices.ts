/** The `devices` command: what every backend says of this machine, what auto takes, and what is missing. */
import type { BackendDescription } from '../backend.js';
import { BACKENDS, type BackendFacts, type BackendName } from '../backends.js';
import type { DevicesRecord } from '../records.js';
import { AUTO, Selector, type Survey } from '../selector.js';

/** What the backends report, by name, and the choice of auto. */
export interface Devices {
  readonly backends: readonly (BackendDescription & { readonly name: BackendName; readonly title: string })[];
  readonly auto: Survey<BackendName>;
}

/** Asks every backend to describe itself, and lets auto choose. */
export async function listDevices(): Promise<Devices> {
  const backends = [];
  for (const { name, title, describe } of BACKENDS) backends.push({ name, title, ...(await describe()) });
  const selector = new Selector(BACKENDS);
  const auto = await selector.survey();
  await selector.dispose();
  return { backends, auto };
}

/** One line of JSON: what each backend reports, under its name, and `auto`. */
export function devicesJson({ backends, auto }: Devices): string {
  const facts = Object.fromEntries(backends.map(({ name, facts }) => [name, facts])) as BackendFacts;
  const record: DevicesRecord = { ...facts, [AUTO]: auto };
  return JSON.stringify(record);
}

const NAME_WIDTH = 11;

/** Lines for people, the last without a line break. */
export function devicesText({ backends, auto }: Devices): string {
  return [
    ...backends.flatMap(({ name, lines }) => lines.map((line) => `${name.padEnd(NAME_WIDTH)}${line}`)),
    '',
    `${AUTO.padEnd(NAME_WIDTH)}${autoText(auto)}`,
    ...backends.flatMap(({ name, advice }) => advice.map((line) => `${`for ${name}`.padEnd(NAME_WIDTH)}${line}`)),
  ].join('\n');
}

function autoText({ backend, joining, reason }: Survey<BackendName>): string {
  if (joining.length === 0) return `takes ${backend}: ${reason}`;
  return `begins on ${backend} at once; ${joining.join(', ')} takes part in longer work: ${reason}`;
}
