/** The backends of a process: each is opened once and kept for the next transform, and left alone where it fails. */

import type { BackendEntry, BackendFault, Opened, OpenOptions, Transformer } from '../backend.js';
import { WrongBytes } from './audit.js';

/** A device may come back after a reset of its driver; one that fails again and again is left alone. */
const MOST_FAULTS = 3;

/** What opening needs of a backend in the registry. */
export type Openable = Pick<BackendEntry, 'name' | 'open'>;

/** Opens backends, and keeps them. */
export class OpenBackends {
  readonly #opened = new Map<string, Promise<Opened>>();
  readonly #faults = new Map<string, number>();
  /** Why a backend is used no more. */
  readonly #refused = new Map<string, string>();
  readonly #distrusted = new Set<string>();
  /** Whether a device was opened that can go away: one with a driver. */
  hasOpenedDevice = false;

  /** As `auto` opens it, or says why not. */
  async openAutomatically(entry: Openable, options: OpenOptions = {}): Promise<Opened> {
    const reason = this.#refused.get(entry.name);
    if (reason !== undefined) return { reason };
    if ((this.#faults.get(entry.name) ?? 0) >= MOST_FAULTS) return { reason: 'it failed too often in this process' };
    return this.#open(entry, { ...options, isAutomatic: true });
  }

  /** As one who asks for it by name: the device that `auto` uses, or else any. */
  async openByName(entry: Openable, options: OpenOptions = {}): Promise<Opened> {
    const reason = this.#refused.get(entry.name);
    if (reason !== undefined) return { reason };
    const automatic = await this.#open(entry, { ...options, isAutomatic: true, isNamed: true });
    if ('transformer' in automatic || automatic.isSilent) return automatic;
    return this.#open(entry, { ...options, isAutomatic: false, isNamed: true });
  }

  #open(entry: Openable, options: OpenOptions): Promise<Opened> {
    const key = `${entry.name} ${options.isAutomatic}`;
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = entry.open(options);
    this.#opened.set(key, opening);
    opening.then((opened) => {
      if (!('transformer' in opened) || opened.transformer.lost === undefined) return;
      this.hasOpenedDevice = true;
      opened.transformer.lost.then(() => this.#forget(opened.transformer));
    });
    return opening;
  }

  /**
   * Frees what failed; it is opened again for the next transform, unless it computed wrong bytes or fails too often.
   *
   * @param device as results name it
   */
  giveUp(name: string, transformer: Transformer, fault: BackendFault, device?: string): void {
    this.#faults.set(name, (this.#faults.get(name) ?? 0) + 1);
    if (fault instanceof WrongBytes) {
      this.#refused.set(name, `it computed wrong bytes in this process (${fault.reason})`);
      if (device !== undefined) this.#distrusted.add(device);
    }
    this.#forget(transformer);
    transformer.dispose();
  }

  /** Whether a device gave wrong bytes in this process. @param device as results name it */
  isDistrusted(device: string): boolean {
    return this.#distrusted.has(device);
  }

  #forget(transformer: Transformer): void {
    for (const [key, opening] of this.#opened) {
      opening.then((opened) => {
        const isMeant = 'transformer' in opened && opened.transformer === transformer;
        if (isMeant && this.#opened.get(key) === opening) this.#opened.delete(key);
      });
    }
  }

  /** Frees the devices. The next transform that wants one opens it again. */
  async dispose(): Promise<void> {
    const opened = [...this.#opened.values()];
    this.#opened.clear();
    for (const one of await Promise.all(opened)) if ('transformer' in one) one.transformer.dispose();
  }
}
