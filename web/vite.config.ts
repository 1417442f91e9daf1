/** Builds the page to static files in web/dist, and serves them; started by tools/web.mjs. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** src/formats/png asks node:zlib for its CRC, if there is one. */
const withoutZlib: Plugin = {
  name: 'without node:zlib',
  enforce: 'pre',
  resolveId: (id) => (id === 'node:zlib' ? pathOf('no-zlib.ts') : undefined),
};

const SERVICE_WORKER = 'service-worker';

/** Tells the service worker which files there are. */
const listFiles: Plugin = {
  name: 'list of files',
  enforce: 'post', // when the page itself is there, too
  generateBundle(_options, bundle) {
    const worker = bundle[`${SERVICE_WORKER}.js`];
    if (worker?.type !== 'chunk') throw new Error('Expected a service worker, but none was built.');
    const built = Object.keys(bundle).filter((name) => name !== worker.fileName);
    const files = ['./', ...built, ...readdirSync(pathOf('public'))];
    const hash = createHash('sha256');
    for (const file of Object.values(bundle)) hash.update(file.type === 'chunk' ? file.code : file.source);
    const build = hash.digest('hex').slice(0, 12);
    worker.code = `const KEPT_FILES = ${JSON.stringify(files)}, BUILD = '${build}';\n${worker.code}`;
  },
};

export default defineConfig({
  root: pathOf('.'),
  base: './', // works in any folder
  define: { PACKAGE_VERSION: JSON.stringify(version) },
  plugins: [withoutZlib, listFiles],
  worker: { format: 'es', plugins: () => [withoutZlib] },
  build: {
    target: 'es2023',
    outDir: 'dist',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy allows no data: addresses
    rolldownOptions: {
      input: { index: pathOf('index.html'), [SERVICE_WORKER]: pathOf(`${SERVICE_WORKER}.ts`) },
      output: { entryFileNames: ({ name }) => (name === SERVICE_WORKER ? '[name].js' : 'assets/[name]-[hash].js') },
    },
  },
  preview: {
    host: '127.0.0.1',
    headers: { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' },
  },
});
