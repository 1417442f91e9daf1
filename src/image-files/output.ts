/** ACL and extended attributes of files, which Node cannot copy but the addon can. */
import { loadAddon } from '../cpu/addon.js';
import type { CopyAttributes } from '../files/write.js';

/** Loads the addon when it is called first: only a file that replaces another needs it. */
export const copyAttributes: CopyAttributes = (from, to) => {
  const loaded = loadAddon();
  if ('reason' in loaded) throw new Error('no addon');
  loaded.addon.copyAttributes(from, to);
};
