/**
 * What `npm run web` runs: builds the page of web/ to static files in web/dist and serves them on 127.0.0.1. With --build,
 * `npm run web:build`, it only builds them, for any static server.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setUp } from './set-up.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const configFile = path.join(ROOT, 'web/vite.config.ts');

/**
 * Builds the page.
 *
 * @param {string} [folder] default web/dist
 */
export async function buildPage(folder) {
  const { build } = await import('vite');
  await build({ configFile, logLevel: 'warn', ...(folder !== undefined && { build: { outDir: folder } }) });
}

/**
 * Serves what was built, on 127.0.0.1.
 *
 * @param {number} [port] default the first free one from 4173 on; 0: any
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export async function servePage(port) {
  const { preview } = await import('vite');
  const server = await preview({ configFile, logLevel: 'warn', preview: port === undefined ? {} : { port } });
  return { url: server.resolvedUrls.local[0], close: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await setUp();
  await buildPage();
  process.stderr.write('The page is built, in web/dist.\n');
  if (!process.argv.includes('--build')) {
    const { url } = await servePage();
    process.stderr.write(`It is served at ${url} until you press Ctrl+C.\n`);
  }
}
