// @ts-check
/**
 * POST a PNG, and its neighbour product comes back:
 *
 *     node examples/upload-server.js 8080
 *     curl --data-binary @photo.png localhost:8080 -o product.png
 *
 * The codec is the optional package @napi-rs/image, since it works off the event loop and refuses damaged files: pngjs
 * alone would give strangers what was in memory before.
 */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Transformer } from '@napi-rs/image';
import { transform } from 'neighbor-product';

const MAX_BYTES = 2 ** 25;
/** Of its own, since a file of 60 kB may declare as many: 64 MiB of RGBA. */
const MAX_PIXELS = 2 ** 24;

/** The first chunk of a PNG, which is IHDR, up to its bit depth. */
const HEADER = { signature: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), byteLength: 25 };

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
  const { width, height, bitDepth } = headerOf(file);
  if (width * height > MAX_PIXELS) throw new Refusal(413, `Expected at most ${MAX_PIXELS} pixels.`);
  const data = await new Transformer(file).rawPixels(signal).catch((error) => {
    throw new Refusal(422, `Expected an intact PNG: ${error.message}`);
  });
  const channels = data.length / (width * height);
  if (bitDepth > 8 || (channels !== 3 && channels !== 4)) throw new Refusal(415, 'Expected a PNG in 8-bit colour.');
  const { image } = await transform({ data, width, height, channels }, { border: 'replicate', signal });
  return encoderOf(image).png(null, signal);
}

/** @param {Buffer} file */
function headerOf(file) {
  if (file.length < HEADER.byteLength || file.indexOf(HEADER.signature) !== 0)
    throw new Refusal(415, 'Expected a PNG.');
  return { width: file.readUInt32BE(16), height: file.readUInt32BE(20), bitDepth: file[24] };
}

/** @param {import('neighbor-product').CheckedImage} image */
function encoderOf({ data, width, height, channels }) {
  if (channels === 4) return Transformer.fromRgbaPixels(data, width, height);
  // The codec takes raw pixels as RGBA only, but reads RGB from a portable pixmap.
  return new Transformer(Buffer.concat([Buffer.from(`P6 ${width} ${height} 255\n`), data]));
}

/** @param {unknown} error */
function internal(error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return { status: 500, message: 'The server failed.' };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) createUploadServer().listen(Number(process.argv[2] ?? 8080));
