/**
 * Makes one file of the compiled command line, `dist/cli/neighbor-product.cjs`: to find, read and link forty modules
 * takes Node longer than to run them. A script and not a module, which would load Node's whole module loader.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles the compiled project below a folder. The bundle lies as deep as what it is made of, so paths relative to
 * `import.meta.url` that lead out of a folder of `dist/` stay right.
 *
 * @param {string} root
 */
export async function writeCommandScript(root) {
  await build({
    absWorkingDir: root,
    entryPoints: ['dist/cli/main.js'],
    outfile: 'dist/cli/neighbor-product.cjs',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['webgpu', '@napi-rs/image', 'pngjs'],
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: `${commanderLicence()}\nconst bundleUrl = require('node:url').pathToFileURL(__filename).href;` },
    plugins: [withoutChildProcess],
    logLevel: 'warning',
  });
}

/** Commander loads it at once, for commands that are programs of their own; ours are none. */
const withoutChildProcess = {
  name: 'commander without node:child_process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) => {
      return /[\\/]commander[\\/]/.test(importer) ? { path: 'none', namespace: 'none' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Commander becomes a part of the bundle; its licence asks to be told with it. */
function commanderLicence() {
  const folder = path.dirname(createRequire(import.meta.url).resolve('commander'));
  return `/*!\nContains commander.\n\n${readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim()}\n*/`;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await writeCommandScript(fileURLToPath(new URL('../..', import.meta.url)));
