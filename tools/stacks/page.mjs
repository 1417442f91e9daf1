/** Browsers: a page of this project's folder on 127.0.0.1 runs compare.mjs and sends what it found. */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChromium, WEBGPU } from '../chromium.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A page that reports nothing would be waited for, for ever. */
const pageOf = (extent) => `<!doctype html><title>stacks</title><script type="module">
  const send = (found) => fetch('/found', { method: 'POST', body: JSON.stringify(found) });
  try {
    const { compare } = await import('/tools/stacks/compare.mjs');
    const found = navigator.gpu ? await compare(navigator.gpu, { quick: ${extent === 'quick'} }) : { missing: 'the page has no navigator.gpu' };
    await send({ ...found, browser: navigator.userAgent });
  } catch (error) {
    await send({ missing: String(error) });
  }
</script>`;

/**
 * Serves the page, starts a browser with it, and ends the browser once the page has reported.
 *
 * @param {(url: string, fail: (why: string) => void) => Promise<() => Promise<void>>} start resolves to what ends the browser; a
 * browser that ends before tells why
 * @param {string} page
 * @param {number} timeoutMs
 */
async function inBrowser(start, page, timeoutMs) {
  let report;
  const reported = new Promise((resolve) => {
    report = resolve;
  });
  let last = 'nothing';
  const server = createServer((request, response) => {
    last = request.url;
    if (request.method === 'POST') {
      let text = '';
      request.on('data', (part) => {
        text += part;
      });
      request.on('end', () => report(JSON.parse(text)));
      response.end();
      return;
    }
    const { pathname } = new URL(request.url, 'http://127.0.0.1');
    const file = path.join(ROOT, path.normalize(pathname));
    const isServed = /^\/(dist|tools\/stacks)\//.test(pathname) && existsSync(file);
    response.setHeader('content-type', isServed ? 'text/javascript' : 'text/html');
    if (isServed) createReadStream(file).pipe(response);
    else response.end(page);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fail = (why) => report({ missing: why });
  const seconds = timeoutMs / 1000;
  const timer = setTimeout(() => fail(`no report in ${seconds} seconds, and ${last} was asked for last`), timeoutMs);
  let end = async () => {};
  try {
    end = await start(`http://127.0.0.1:${server.address().port}/`, fail);
    return await reported;
  } finally {
    clearTimeout(timer);
    await end();
    server.close();
    server.closeAllConnections();
  }
}

/** The Chromium of tools/chromium.mjs. */
export function inChromium(extent, flags, timeoutMs) {
  const start = async (url) => {
    const browser = await startChromium([WEBGPU, ...flags]);
    const page = await browser.newPage();
    await page.goto(url);
    return () => browser.close();
  };
  return inBrowser(start, pageOf(extent), timeoutMs);
}

const FIREFOX_PREFERENCES = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false,
};

/**
 * Firefox looks for work that is done once in 100 ms, and whenever work is submitted. The suite has thousands of small pieces.
 */
const ASK_OFTEN = `<script>
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    const device = await requestDevice.apply(this, args);
    setInterval(() => device.queue.submit([]), 4);
    return device;
  };
</script>`;

/** Root may have namespaces; so may any user, of whom it makes their root, where the kernel is not told otherwise. */
const NAMESPACES = [
  '--mount',
  '--pid',
  '--fork',
  '--kill-child',
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
];

/** The first process of the namespaces, with which all ends that was mounted and started in them: once its input ends. */
const IN_ROOT = `set -e
root=$1; shift
mount -t proc proc "$root/proc"
for folder in /dev /sys; do mount --rbind "$folder" "$root$folder"; done
mount -t tmpfs tmpfs "$root/tmp"
printf %s "$PREFERENCES" > "$root/tmp/user.js"
exec 3<&0
chroot "$root" "$@" & program=$!
{ cat <&3; kill -KILL $program; } &
wait $program`;

/**
 * A Firefox in a root of its own, with the folder of a new user.
 *
 * @param {{ root: string, program: string, variables: Record<string, string> }} firefox
 */
export function inFirefox({ root, program, variables }, extent, timeoutMs) {
  const preferences = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  const env = {
    PATH: process.env.PATH,
    HOME: '/tmp',
    LC_ALL: 'C.UTF-8',
    PREFERENCES: preferences.join(''),
    MOZ_DISABLE_GPU_SANDBOX: '1',
    MOZ_DISABLE_CONTENT_SANDBOX: '1',
    ...variables,
  };
  const start = async (url, fail) => {
    const command = [program, '--headless', '--no-remote', '--profile', '/tmp', url];
    const args = [...NAMESPACES, 'sh', '-c', IN_ROOT, 'sh', root, ...command];
    const child = spawn('unshare', args, { stdio: ['pipe', 'ignore', 'pipe'], env });
    let printed = '';
    child.stderr.on('data', (text) => {
      printed += text;
    });
    const lastOf = () => printed.trim().replaceAll(/\s+/g, ' ').slice(-300);
    // With the last process that holds the stream.
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.once('error', ({ message }) => fail(message));
    child.once('close', (code, signal) => fail(`it ended with ${signal ?? code}: ${lastOf()}`));
    return () => {
      child.stdin.destroy();
      return closed;
    };
  };
  return inBrowser(start, ASK_OFTEN + pageOf(extent), timeoutMs);
}
