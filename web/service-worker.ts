/**
 * Keeps the files of the page, so that it works without a network after the first visit. It also isolates the page from other
 * origins, as servers can only do with headers: that lets WebAssembly share memory between threads.
 */

/** Put in front by vite.config.ts: every file of the page, and what changes with any of them. */
declare const KEPT_FILES: readonly string[];
declare const BUILD: string;

/** The part of a service worker's global object that is used; TypeScript's library for it contradicts that for pages. */
interface Global {
  addEventListener(name: 'install' | 'activate', listener: (event: Extended) => void): void;
  addEventListener(name: 'fetch', listener: (event: Fetch) => void): void;
}
interface Extended {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetch {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const worker = globalThis as unknown as Global;
const CACHES = 'neighbor-product ';
const CACHE = CACHES + BUILD;

worker.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(KEPT_FILES)));
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(dropOlder());
});

async function dropOlder(): Promise<void> {
  const names = await caches.keys();
  const older = names.filter((name) => name.startsWith(CACHES) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(location.origin)) event.respondWith(answer(request));
});

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const response = (await cache.match(request, { ignoreSearch: true })) ?? (await fetch(request));
  const headers = new Headers(response.headers);
  headers.set('Cross-Origin-Opener-Policy', 'same-origin');
  headers.set('Cross-Origin-Embedder-Policy', 'require-corp');
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
