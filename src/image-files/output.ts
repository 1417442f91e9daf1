/** Files that replace others with all that those have: Node cannot copy ACL and extended attributes, but the addon can. */
import { loadAddon } from '../cpu/addon.js';
import { type CopyAttributes, OutputFile } from '../files/write.js';
import type { OutputStream } from './flow.js';

/** Loads the addon when it is called first: only a file that replaces another needs it. */
export const copyAttributes: CopyAttributes = (from, to) => {
  const loaded = loadAddon();
  if ('reason' in loaded) throw new Error('no addon');
  loaded.addon.copyAttributes(from, to);
};

/** Begins a file when its first bytes come. @param makesFolder whether its folder is created where it does not exist */
export function createOutput(path: string, makesFolder = false): OutputStream {
  const file = new OutputFile(path, copyAttributes, makesFolder);
  return { take: (pieces) => file.write(pieces), finish: () => file.finish(), abandon: () => file.abandon() };
}
