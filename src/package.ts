/**
 * The package's folder, and what is loaded from there because no bundle can contain it: the addon, and packages that only
 * this one can find. Right in a checkout, in an installed package, and in a bundle with this code in it.
 */
// The default export: webpack puts something of its own in the place of an imported `createRequire`.
import { readFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** This file, or the bundle with its code. Where a bundler writes CommonJS, `import.meta` is empty. */
const HERE: string = import.meta.url ?? __filename;

interface Located {
  /** Absent where a bundle runs and the package is not installed. */
  readonly folder?: string;
  /** Finds what a module of the package finds: with pnpm, programs do not see the packages that this one needs. */
  readonly require: NodeJS.Require;
}

let located: Located | undefined;

function locate(): Located {
  const require = module.createRequire(HERE);
  try {
    const manifest = nearManifest() ?? require.resolve('neighbor-product/package.json');
    return { folder: path.dirname(manifest), require: module.createRequire(manifest) };
  } catch {
    return { require };
  }
}

/** Where the package's own files and its command find the manifest; looking it up by name takes Node milliseconds. */
function nearManifest(): string | undefined {
  const file = HERE.startsWith('file:') ? fileURLToPath(HERE) : HERE;
  for (const folder of ['..', '../..']) {
    const manifest = path.join(path.dirname(file), folder, 'package.json');
    try {
      if (JSON.parse(readFileSync(manifest, 'utf8')).name === 'neighbor-product') return manifest;
    } catch {
      // There is none, or it is another's.
    }
  }
  return undefined;
}

/** The folder of this package; absent where a bundle runs and the package is not installed. */
export function findPackageFolder(): string | undefined {
  located ??= locate();
  return located.folder;
}

/**
 * Loads a package, or a file by its path.
 *
 * @throws what `require` throws; its code is `MODULE_NOT_FOUND` where there is none
 */
export function requirePart(name: string): unknown {
  located ??= locate();
  return located.require(name);
}

/** Loads a package that is an ES module; throws as {@link requirePart}. */
export async function importPart(name: string): Promise<unknown> {
  located ??= locate();
  const { href } = pathToFileURL(located.require.resolve(name));
  return import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ href);
}
