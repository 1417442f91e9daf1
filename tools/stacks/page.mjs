/** Browsers: a page of this project's folder on 127.0.0.1 runs compare.mjs and sends what it found. */
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
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
 * @param {(url: string) => Promise<() => void>} start resolves to what ends the browser
 * @param {'quick' | 'full'} extent
 * @param {number} timeoutMs
 */
async function inBrowser(start, extent, timeoutMs) {
  let report;
  const reported = new Promise((resolve) => {
    report = resolve;
  });
  const server = createServer((request, response) => {
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
    else response.end(pageOf(extent));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  let end = () => {};
  let timer;
  const tooLate = new Promise((resolve) => {
    timer = setTimeout(
      () => resolve({ missing: `the page reported nothing in ${timeoutMs / 1000} seconds` }),
      timeoutMs,
    );
  });
  try {
    end = await start(`http://127.0.0.1:${server.address().port}/`);
    return await Promise.race([reported, tooLate]);
  } finally {
    clearTimeout(timer);
    end();
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
    return () => void browser.close();
  };
  return inBrowser(start, extent, timeoutMs);
}

const FIREFOX_PREFERENCES = {
  'dom.webgpu.enabled': true,
  'gfx.webgpu.ignore-blocklist': true,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'app.update.enabled': false,
};

/** @param {{ program: string, env: Record<string, string> }} firefox */
export function inFirefox(extent, { program, env }, timeoutMs) {
  const start = async (url) => {
    const profile = mkdtempSync(path.join(tmpdir(), 'stacks-firefox-'));
    const preferences = Object.entries(FIREFOX_PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
    writeFileSync(path.join(profile, 'user.js'), preferences.join(''));
    const child = spawn(program, ['--headless', '--no-remote', '--profile', profile, url], {
      stdio: 'ignore',
      detached: true, // a group of processes, which ends as one
      env: { ...process.env, ...env, HOME: profile, MOZ_DISABLE_GPU_SANDBOX: '1', MOZ_DISABLE_CONTENT_SANDBOX: '1' },
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    return () => {
      const isGone = new Promise((resolve) => child.once('exit', resolve));
      process.kill(-child.pid, 'SIGKILL');
      isGone.then(() => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
    };
  };
  return inBrowser(start, extent, timeoutMs);
}
