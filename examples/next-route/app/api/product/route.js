// @ts-check
/**
 * A route handler of Next.js: POST raw RGBA, and its neighbour product comes back.
 *
 *     curl --data-binary @photo.rgba 'localhost:3000/api/product?width=640&height=480' -o product.rgba
 */
import { NeighborProductError, transform } from 'neighbor-product';

/** The addon needs Node: there is none of it in the edge runtime. */
export const runtime = 'nodejs';

const MAX_PIXELS = 2 ** 24;

/** @param {Request} request */
export async function POST(request) {
  const { searchParams } = new URL(request.url);
  const [width, height] = ['width', 'height'].map((name) => Number(searchParams.get(name)));
  if (!(width * height <= MAX_PIXELS)) return refuse(413, `Expected at most ${MAX_PIXELS} pixels.`);
  const data = new Uint8Array(await request.arrayBuffer());
  try {
    const { image, backend } = await transform({ data, width, height, channels: 4 }, { signal: request.signal });
    return new Response(/** @type {Uint8Array<ArrayBuffer>} */ (image.data), { headers: { 'x-backend': backend } });
  } catch (error) {
    if (error instanceof NeighborProductError && error.code === 'INVALID_IMAGE') return refuse(400, error.message);
    throw error;
  }
}

/** @param {number} status @param {string} error */
function refuse(status, error) {
  return Response.json({ error }, { status });
}
