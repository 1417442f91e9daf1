/** Which files the command line means: those that are named, those in named folders, and those in a list. */
import { basename, posix } from 'node:path';
import { NeighborProductError } from '../errors.js';
import { nameFrom } from '../files/names.js';
import { openInput } from '../files/read.js';
import { identityOf, isFolder, statsOf } from '../files/stats.js';
import { filesIn } from '../files/tree.js';
import { isReadable, READABLE_EXTENSIONS } from '../formats/formats.js';
import { requirePart } from '../package.js';
import type { TransformRequest } from './program.js';
import { usage } from './usage-errors.js';

/** An input, and where it belongs below the folder of the outputs. */
export interface FoundInput {
  /** `-` is standard input. */
  readonly path: string;
  /** With `/`. */
  readonly relative: string;
  /** Why it cannot be read, where that is known already. */
  readonly error?: unknown;
}

/** What names the inputs, of a request. */
type Selection = Pick<
  TransformRequest,
  'inputs' | 'filesFrom' | 'null' | 'recursive' | 'hidden' | 'follow' | 'include' | 'exclude' | 'raw'
>;

/**
 * Finds the inputs, folders in the order of their names.
 *
 * @param outputFolder left out, so that a second run does not transform the results of the first one
 * @throws NeighborProductError `INVALID_OPTION`, `INPUT_UNREADABLE` for a list, or where a folder has no image
 */
export async function findInputs(selection: Selection, outputFolder: string | undefined): Promise<FoundInput[]> {
  const found: FoundInput[] = [];
  let folders = 0;
  for (const path of selection.inputs) {
    if (path === '-' || !isFolder(path)) {
      found.push({ path, relative: path === '-' ? 'stdin' : basename(path) });
      continue;
    }
    folders++;
    const before = found.length;
    for await (const entry of filesIn(path, treeOptions(selection, path, outputFolder))) found.push(entry);
    if (found.length === before) throw withoutImages(path, selection);
  }
  if (folders === 0) refuseUnused(selection);
  if (selection.filesFrom === undefined && selection.null)
    throw usage('Expected --files-from with --null, but received none.');
  if (selection.filesFrom !== undefined) found.push(...(await readList(selection.filesFrom, selection.null ?? false)));
  return found;
}

/** Whether several files may be meant. */
export function namesSeveral({ inputs, filesFrom }: Pick<Selection, 'inputs' | 'filesFrom'>): boolean {
  return inputs.length > 1 || filesFrom !== undefined || inputs.some((path) => path !== '-' && isFolder(path));
}

function treeOptions(selection: Selection, root: string, outputFolder: string | undefined) {
  const { recursive, hidden, follow, include = [], exclude = [], raw } = selection;
  const isIncluded = include.length === 0 ? () => true : matcherOf(include);
  const isExcluded = exclude.length === 0 ? () => false : matcherOf(exclude);
  const output = outputFolder === undefined ? undefined : statsOf(outputFolder);
  const here = statsOf(root);
  const isElsewhere = output !== undefined && (here === undefined || identityOf(output) !== identityOf(here));
  return {
    isRecursive: recursive ?? true,
    withHidden: hidden ?? false,
    followsLinks: follow ?? false,
    leftOut: isElsewhere ? identityOf(output) : undefined,
    takes: (relative: string, isDirectory: boolean) => {
      if (isExcluded(relative)) return false;
      return isDirectory || ((raw !== undefined || isReadable(relative)) && isIncluded(relative));
    },
  };
}

type Matcher = (path: string) => boolean;

/** As in .gitignore: a pattern without a slash is compared with the name, at any depth, any other with the path. */
function matcherOf(globs: readonly string[]): Matcher {
  const picomatch = requirePart('picomatch') as typeof import('picomatch');
  const matchers = globs.map((glob) => {
    // `folder/` is all that is in it, at any depth.
    const isFolderName = /^[^/]+\/$/.test(glob);
    const whole = isFolderName ? `**/${glob}**` : glob.replace(/\/$/, '/**').replace(/^\//, '');
    const matches = picomatch(whole, { dot: true, nonegate: true });
    const isName = !glob.includes('/');
    const matchesFolder = glob.endsWith('/') ? picomatch(whole.slice(0, -3), { dot: true, nonegate: true }) : undefined;
    return (path: string) => matches(isName ? posix.basename(path) : path) || (matchesFolder?.(path) ?? false);
  });
  return (path) => matchers.some((matches) => matches(path));
}

/** What is asked of folders, where there is none. */
function refuseUnused({ include, exclude, recursive, hidden, follow }: Selection): void {
  const given = { '--include': include, '--exclude': exclude, '--hidden': hidden, '--follow': follow };
  const [option] = Object.entries(given).find(([, value]) => value !== undefined) ?? [
    recursive === undefined ? undefined : recursive ? '--recursive' : '--no-recursive',
  ];
  if (option === undefined) return;
  throw usage(
    `Expected a folder among the inputs for ${option}, but received none. Name a folder, or leave ${option} out.`,
  );
}

function withoutImages(folder: string, { include, exclude, raw }: Selection): NeighborProductError {
  const choices = `${READABLE_EXTENSIONS.slice(0, -1).join(', ')} or ${READABLE_EXTENSIONS.at(-1)}`;
  const expected = raw === undefined ? `a file that ends in ${choices}` : 'a file';
  const matching = include || exclude ? ' that --include and --exclude leave' : '';
  const message = `Cannot find an image in '${folder}': expected ${expected}${matching}. Name another folder.`;
  return new NeighborProductError('INPUT_UNREADABLE', message);
}

const [LINE_FEED, CARRIAGE_RETURN, NUL] = [10, 13, 0];

/** The names in a list, each on a line or before a NUL. @throws NeighborProductError `INPUT_UNREADABLE` */
async function readList(path: string, isNulSeparated: boolean): Promise<FoundInput[]> {
  const bytes = await readWhole(path);
  const names: FoundInput[] = [];
  const separator = isNulSeparated ? NUL : LINE_FEED;
  for (let at = 0; at < bytes.length; ) {
    const separatorAt = bytes.indexOf(separator, at);
    const next = separatorAt < 0 ? bytes.length : separatorAt;
    // Lists of Windows end their lines with both.
    const end = !isNulSeparated && bytes[next - 1] === CARRIAGE_RETURN ? next - 1 : next;
    const name = nameFrom(bytes.subarray(at, Math.max(at, end)));
    if (name !== '') names.push({ path: name === '-' ? './-' : name, relative: belowOutput(name) });
    at = next + 1;
  }
  return names;
}

async function readWhole(path: string): Promise<Buffer> {
  const input = await openInput(path);
  const pieces: Uint8Array[] = [];
  try {
    for (let piece = await input.read(0); piece.length > 0; piece = await input.read(0)) pieces.push(piece);
  } finally {
    await input.close();
  }
  return Buffer.concat(pieces);
}

/** Where a listed file belongs: below the outputs as it lies below this folder, or below the root. */
function belowOutput(path: string): string {
  const slashed = process.platform === 'win32' ? path.replaceAll('\\', '/') : path;
  return posix.normalize(slashed).replace(/^(\.\.\/|\/)+/, '');
}
