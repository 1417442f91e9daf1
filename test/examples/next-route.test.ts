/** The handler alone; a whole Next.js with it was tried by hand (docs/packaging.md). */
import { readFileSync } from 'node:fs';
import { transformSync } from 'neighbor-product';
import { expect, test } from 'vitest';
import { POST } from '../../examples/next-route/app/api/product/route.js';
import config from '../../examples/next-route/next.config.mjs';
import { makeImage } from '../../src/conformance/images.js';

const picture = makeImage('photograph', 40, 23, 4, 1);

function post(query: string, body: Uint8Array): Promise<Response> {
  return POST(new Request(`http://localhost/api/product?${query}`, { method: 'POST', body: Buffer.from(body) }));
}

test('raw RGBA comes back transformed', async () => {
  const answer = await post('width=40&height=23', picture.data);
  expect([answer.status, answer.headers.get('x-backend')]).toEqual([200, 'cpu']);
  const expected = transformSync(picture, { backend: 'reference' }).image.data;
  expect(Buffer.compare(Buffer.from(await answer.arrayBuffer()), expected)).toBe(0);
});

test.each([
  ['width=40&height=24', 400, /^Expected /],
  ['width=0&height=0', 400, /^Expected /],
  ['', 400, /^Expected /],
  ['width=x&height=1', 413, /^Expected at most 16777216 pixels/],
  ['width=4097&height=4096', 413, /^Expected at most 16777216 pixels/],
])('%s: %i, and why', async (query, status, message) => {
  const answer = await post(query, picture.data);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ error: expect.stringMatching(message) });
});

test('the configuration names the package and folder that exist', () => {
  const { name, files } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(config.serverExternalPackages).toEqual([name]);
  expect(files).toContain('prebuilds');
  expect(config.outputFileTracingIncludes).toEqual({ '/api/product': [`node_modules/${name}/prebuilds/**/*`] });
});
