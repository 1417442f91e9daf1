// @ts-check
/**
 * POST a PNG, and its neighbour product comes back:
 *
 *     node examples/upload-server.js 8080
 *     curl --data-binary @photo.png localhost:8080 -o product.png
 *
 * Every kind of PNG is taken. Decoding and encoding do not hold up other requests, except that of interlaced files.
 */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { NeighborProductError, transform } from 'neighbor-product';
import { decodePng, encodePng } from 'neighbor-product/png';

const MAX_BYTES = 2 ** 25;
/** Of its own, since a file of 60 kB may declare as many: 64 MiB of RGBA. */
const MAX_PIXELS = 2 ** 24;

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/** What the client has to fix; anything else that is thrown is this server's fault. */
class Refusal extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function createUploadServer() {
  return createServer(async (request, response) => {
    const left = new AbortController();
    response.on('close', () => left.abort());
    try {
      const product = await productOf(await bodyOf(request), left.signal);
      response.writeHead(200, { 'content-type': 'image/png' }).end(product);
    } catch (error) {
      if (left.signal.aborted) return;
      const { status, message } = error instanceof Refusal ? error : internal(error);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: message }));
      request.resume(); // or the client, still sending, would see a reset connection and not the answer
    }
  });
}

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  if (request.method !== 'POST') throw new Refusal(405, 'Expected the method POST.');
  const tooLarge = new Refusal(413, `Expected at most ${MAX_BYTES} bytes.`);
  if (Number(request.headers['content-length']) > MAX_BYTES) throw tooLarge;
  const pieces = [];
  let byteLength = 0;
  for await (const piece of request) {
    byteLength += piece.length;
    if (byteLength <= MAX_BYTES) pieces.push(piece);
  }
  if (byteLength > MAX_BYTES) throw tooLarge;
  return Buffer.concat(pieces);
}

/** @param {Buffer} file @param {AbortSignal} signal */
async function productOf(file, signal) {
  if (file.indexOf(SIGNATURE) !== 0) throw new Refusal(415, 'Expected a PNG.');
  const input = await decodePng(file, { maxPixels: MAX_PIXELS }).catch(refuse);
  const { image } = await transform(input, { border: 'replicate', signal });
  signal.throwIfAborted();
  return encodePng(image, { compression: 'fast' });
}

/** @param {unknown} error @returns {never} */
function refuse(error) {
  const { code, message } = error instanceof NeighborProductError ? error : { code: '', message: '' };
  if (code === 'TOO_MANY_PIXELS') throw new Refusal(413, `Expected at most ${MAX_PIXELS} pixels.`);
  if (code === 'INVALID_PNG') throw new Refusal(422, `Expected an intact PNG: ${message}`);
  throw error;
}

/** @param {unknown} error */
function internal(error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return { status: 500, message: 'The server failed.' };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) createUploadServer().listen(Number(process.argv[2] ?? 8080));
