/** The `devices` command: what every backend says of this machine, what auto takes, and what is missing. */
import type { BackendDescription } from '../backend.js';
import { BACKENDS, type BackendFacts, type BackendName } from '../backends.js';
import type { DevicesRecord } from '../records.js';
import { AUTO, QUICK, Selector } from '../selector.js';

/** What the backends report, by name, and the choice of auto. */
export interface Devices {
  readonly backends: readonly (BackendDescription & { readonly name: BackendName; readonly title: string })[];
  readonly auto: { readonly backend: BackendName; readonly reason: string };
}

/** Asks every backend to describe itself, and lets auto choose. */
export async function listDevices(): Promise<Devices> {
  const backends = [];
  for (const { name, title, describe } of BACKENDS) backends.push({ name, title, ...(await describe()) });
  const selector = new Selector(BACKENDS);
  const { entry, reason } = await selector.select(AUTO);
  await selector.dispose();
  const quick = BACKENDS.find(({ estimateMs }) => estimateMs?.({ pixels: 1, passes: 1 }) !== undefined);
  const exception = quick === undefined || quick.name === entry.name ? '' : `; ${quick.name} where ${QUICK}`;
  return { backends, auto: { backend: entry.name, reason: `${reason}${exception}` } };
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
    `${AUTO.padEnd(NAME_WIDTH)}takes ${auto.backend}: ${auto.reason}`,
    ...backends.flatMap(({ name, advice }) => advice.map((line) => `${`for ${name}`.padEnd(NAME_WIDTH)}${line}`)),
  ].join('\n');
}
