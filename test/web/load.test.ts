/** How the page loads: what it weighs, what it asks for, how it is protected, and that it works without a network. */
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';
import { describeInBrowser, openPage, productDone, type StaticServer, serveBuiltPage } from './browser.js';

let server: StaticServer;
beforeAll(async () => {
  server = await serveBuiltPage();
});

describeInBrowser('loading', () => {
  test('what is needed for the first paint is below 100 kB compressed', async () => {
    const { page } = await openPage(server.url);
    await productDone(page);
    const names = await page.evaluate(() => {
      const first = performance.getEntriesByName('first-contentful-paint')[0].startTime;
      const files = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      return { first, files: files.map(({ name, initiatorType }) => ({ name, initiatorType })) };
    });
    const needed = names.files.filter(({ initiatorType }) => initiatorType === 'script' || initiatorType === 'link');
    let bytes = 0;
    for (const url of [server.url, ...needed.map(({ name }) => name)]) {
      bytes += gzipSync(Buffer.from(await (await fetch(url)).arrayBuffer())).length;
    }
    expect(needed.map(({ name }) => name.replace(/^.*\./, '')).sort()).toEqual(['css', 'js']);
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(100_000);
    expect(names.first).toBeLessThan(3_000);
    process.stderr.write(`The page: ${bytes} bytes compressed, first paint after ${Math.round(names.first)} ms\n`);
    await page.context().close();
  });

  test('nothing is asked of another host, and nothing is missing', async () => {
    const { page, complaints } = await openPage('about:blank');
    const asked: string[] = [];
    const failed: string[] = [];
    page.context().on('request', (request) => asked.push(request.url()));
    page.context().on('response', (response) => response.status() >= 400 && failed.push(response.url()));
    await page.goto(server.url);
    await productDone(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.filter((url) => !url.startsWith(server.url))).toEqual([]);
    expect(failed).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  test('the content security policy stops scripts and styles in the page, and requests to other hosts', async () => {
    const { page } = await openPage(server.url);
    await productDone(page);
    const ran = await page.evaluate(async () => {
      const script = document.createElement('script');
      script.textContent = 'window.intruder = true';
      document.body.append(script);
      const style = document.createElement('style');
      style.textContent = 'body { --intruder: 1 }';
      document.head.append(style);
      const reached = await fetch('http://127.0.0.1:1/')
        .then(() => true)
        .catch(() => false);
      const styled = getComputedStyle(document.body).getPropertyValue('--intruder') !== '';
      return { script: 'intruder' in window, styled, reached };
    });
    expect(ran).toEqual({ script: false, styled: false, reached: false });
    const html = await (await fetch(server.url)).text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|unsafe-inline|'unsafe-eval'/);
    await page.context().close();
  });

  test('works without a network from the second visit on, with memory that threads can share', async () => {
    const { page } = await openPage(server.url);
    await productDone(page);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.context().setOffline(true);
    const asked = () => server.requests.filter((name) => !name.endsWith('/service-worker.js')).length; // for a newer one
    const before = asked();
    await page.goto(`${server.url}?border=wrap`);
    await productDone(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await page.goto(`${server.url}index.html`);
    await productDone(page);
    expect(asked()).toBe(before);
    await page.context().close();
  });
});
