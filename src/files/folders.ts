/** Folders created for what is written into them. */
import { mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { uncreatable } from './explain.js';
import { pathOf } from './names.js';
import { isFolder } from './stats.js';

/** By this process, parents first. */
const created: string[] = [];

/**
 * Creates a folder and its parents where they do not exist. Not by `recursive` of `mkdir`, which hides why a folder
 * cannot be created, and which ones were.
 *
 * @throws NeighborProductError `OUTPUT_UNWRITABLE`
 */
export async function createFolder(path: string): Promise<void> {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await createFolder(parent);
  try {
    await mkdir(pathOf(path));
    created.push(path);
  } catch (error) {
    if (!isFolder(path)) throw uncreatable(path, error); // else another process was faster
  }
}

/** Deletes the folders that {@link createFolder} created, where they are empty. */
export async function removeEmptyFolders(): Promise<void> {
  for (const folder of created.splice(0).reverse()) await rmdir(pathOf(folder)).catch(() => {});
}
