import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type ClientRequest, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { transform, transformSync } from 'neighbor-product';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createUploadServer } from '../../examples/upload-server.js';
import { makeImage } from '../../src/conformance/images.js';
import { crc32 } from '../../src/formats/png/chunks.js';
import { decodePngSync as decodePng } from '../../src/formats/png/decode.js';
import { pixelsIn } from '../cli/command.js';
import { encodePng } from '../encode-png.js';

vi.mock('neighbor-product', { spy: true });

let server: Server;
let url: string;

beforeAll(async () => {
  server = createUploadServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  vi.mocked(transform).mockClear();
});
afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  server.close();
});

const rgb = makeImage('photograph', 90, 61, 3, 1);
const rgba = makeImage('noise', 33, 20, 4, 2);

function post(body: Uint8Array | ReadableStream): Promise<Response> {
  return fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
}

/** A copy of a PNG whose header says another size, as a decompression bomb's would. */
function withSize(file: Uint8Array, side: number): Uint8Array {
  const copy = Buffer.from(file);
  copy.writeUInt32BE(side, 16);
  copy.writeUInt32BE(side, 20);
  copy.writeUInt32BE(crc32(copy.subarray(12, 29)), 29);
  return copy;
}

const VALID = new URL('../../fixtures/png/valid/', import.meta.url);
const KINDS = readdirSync(VALID).filter((name) => name.endsWith('.png'));

function fixture(name: string): Uint8Array {
  return readFileSync(new URL(name, VALID));
}

test.each([rgb, rgba])('an image of $channels channels comes back transformed', async (picture) => {
  const answer = await post(encodePng(picture));
  expect({ status: answer.status, type: answer.headers.get('content-type') }).toEqual({
    status: 200,
    type: 'image/png',
  });
  const { image } = transformSync(picture, { backend: 'reference', border: 'replicate' });
  expect(pixelsIn(Buffer.from(await answer.arrayBuffer()))).toEqual(pixelsIn(encodePng(image)));
});

test('every kind of PNG is taken: grey, palette, 1 to 16 bits, interlaced, with a colour key', async () => {
  expect(KINDS).toEqual(
    expect.arrayContaining(['grey-8.png', 'palette-1.png', 'grey-alpha-16.png', 'rgb-16-interlaced-key.png']),
  );
  for (const name of KINDS) {
    const answer = await post(fixture(name));
    expect(answer.status, name).toBe(200);
    const input = decodePng(fixture(name), { maxPixels: 2 ** 20 });
    const { image } = transformSync(input, { backend: 'reference', border: 'replicate' });
    const expected = pixelsIn(Buffer.from(encodePng(image)));
    expect(pixelsIn(Buffer.from(await answer.arrayBuffer())), name).toEqual(expected);
  }
});

test.each([
  ['text', 415, Buffer.from('not an image at all, but long enough to be one'), 'Expected a PNG.'],
  ['nothing', 415, Buffer.alloc(0), 'Expected a PNG.'],
  ['a JPEG', 415, Buffer.from('\xff\xd8\xff\xe0'.padEnd(40), 'latin1'), 'Expected a PNG.'],
  ['a signature and nothing else', 422, fixture('rgb-8.png').subarray(0, 8), /^Expected an intact PNG: /],
  ['a file cut short', 422, encodePng(rgb).subarray(0, 900), /^Expected an intact PNG: /],
  ['a size that no machine holds', 413, withSize(encodePng(rgb), 60_000), 'Expected at most 16777216 pixels.'],
  ['a body too large', 413, Buffer.alloc(2 ** 25 + 1), 'Expected at most 33554432 bytes.'],
])('%s: %i, and why', async (_name, status, body, error) => {
  const answer = await post(body);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({ error: typeof error === 'string' ? error : expect.stringMatching(error) });
  expect(transform).not.toHaveBeenCalled();
});

test('a body too large that does not say how large it is', async () => {
  const pieces = Array.from({ length: 33 }, () => new Uint8Array(2 ** 20));
  const answer = await post(ReadableStream.from(pieces) as ReadableStream);
  expect(answer.status).toBe(413);
});

test('GET is refused', async () => {
  expect((await fetch(url)).status).toBe(405);
});

test('a failure of the server tells the client nothing about it', async () => {
  vi.mocked(transform).mockRejectedValueOnce(new Error('the secret'));
  const told = vi.spyOn(process.stderr, 'write').mockReturnValueOnce(true);
  const answer = await post(encodePng(rgb));
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status: 500,
    body: { error: 'The server failed.' },
  });
  expect(told).toHaveBeenCalledWith(expect.stringContaining('the secret'));
});

/** Sends an image. */
function send(): ClientRequest {
  const sent = request(url, { method: 'POST' });
  sent.on('error', () => {});
  sent.end(encodePng(rgb));
  return sent;
}

test('a client that leaves in the middle of its image is no failure of the server', async () => {
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const sent = request(url, { method: 'POST' });
  sent.on('error', () => {});
  sent.write(encodePng(rgb).subarray(0, 500));
  const [received] = await once(server, 'request');
  setTimeout(() => sent.destroy(), 20);
  await new Promise((resolve) => received.on('close', resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).not.toHaveBeenCalled();
});

test('a client that leaves aborts its transform, and the next is served', async () => {
  const { transform: real } = await vi.importActual<typeof import('neighbor-product')>('neighbor-product');
  const outcome = new Promise((resolve) => {
    vi.mocked(transform).mockImplementationOnce(async (image, options) => {
      sent.destroy();
      await once(options!.signal!, 'abort');
      const result = real(image, options);
      resolve(result);
      return result;
    });
  });
  const sent = send();
  await expect(outcome).rejects.toMatchObject({ name: 'AbortError' });
  expect((await post(encodePng(rgb))).status).toBe(200);
});
