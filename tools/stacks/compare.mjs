/**
 * Runs the conformance suite on a WebGPU, and measures the error of t on it. The same file runs in Node, in Deno and in a page.
 */

import { makeImage } from '../../dist/conformance/images.js';
import { listCases, runConformance } from '../../dist/conformance/index.js';
import { totalOf } from '../../dist/conformance/report.js';
import { adapterText, openBestAdapter } from '../../dist/gpu/adapters.js';
import { shaderCode } from '../../dist/gpu/shader-code.js';
import { createImage } from '../../dist/image.js';

/**
 * What was found on a stack.
 *
 * @typedef {object} Found
 * @property {string} adapter as the library names it
 * @property {number} cases
 * @property {number} bytes compared
 * @property {number} differing bytes; a case that failed with an error has all of its own
 * @property {number} exactPixels
 * @property {number} exactShare of the pixels computed, in every pass
 * @property {number} errorOfT the largest one relative to t, in units of 2^-23
 * @property {number} seconds of the suite
 * @property {string} [failure] the first
 */

/**
 * @param {GPU} gpu
 * @param {{ quick: boolean }} options every seventh case, and no large ones
 * @returns {Promise<Found | { missing: string }>}
 */
export async function compare(gpu, { quick }) {
  const opened = await openBestAdapter(gpu, { isUntested: true });
  if ('reason' in opened) return { missing: opened.reason };
  const report = await runConformance({ subjects: [{ name: 'gpu', backend: opened.transformer }], quick });
  const [subject] = report.subjects;
  const { failures } = subject;
  const total = totalOf(subject);
  const cases = listCases({ quick });
  const sizes = new Map(cases.map(({ id, image }) => [id, image.width * image.height]));
  const pixels = cases.reduce((sum, { image, operation }) => sum + image.width * image.height * operation.passes, 0);
  const bytesOf = ({ caseId, mismatch }) => mismatch?.differingBytes ?? 4 * sizes.get(caseId);
  const found = {
    adapter: adapterText(opened.adapter),
    cases: total.cases,
    bytes: total.bytes,
    differing: failures.reduce((sum, failure) => sum + bytesOf(failure), 0),
    exactPixels: total.exactPixels,
    exactShare: total.exactPixels / pixels,
    errorOfT: await largestErrorOfT(gpu),
    seconds: report.elapsedMs / 1000,
    ...(failures.length > 0 && { failure: `${failures[0].caseId}: ${failures[0].error ?? 'other bytes'}` }),
  };
  opened.transformer.dispose();
  return found;
}

const SIDE = 256;

/** Texts of the shader, and what takes their place: it writes t before it becomes units, in the place of the pixel. */
const REPLACEMENTS = [
  [
    'output[pixel] = packed(samples_in(vec4u(red.x, green.x, blue.x, alpha.x)), pixel);',
    'output[pixel] = bitcast<u32>(product.red.x * scale.x);',
  ],
  [
    'output[pixel + 1u] = packed(samples_in(vec4u(red.y, green.y, blue.y, alpha.y)), pixel + 1u);',
    'output[pixel + 1u] = bitcast<u32>(product.red.y * scale.y);',
  ],
  ['while (any(looks_again))', 'while (false)'],
];

/** Relative to the t that the scale stands for, which is short by the bound. */
async function largestErrorOfT(gpu) {
  let code = shaderCode;
  for (const [from, to] of REPLACEMENTS) {
    if (!code.includes(from)) throw new Error(`Expected '${from}' in the shaders.`);
    code = code.replace(from, to);
  }
  const opened = await openBestAdapter(gpu, { isUntested: true, shaderCode: code });
  const input = makeImage('noise', SIDE, SIDE, 4, 1);
  const output = createImage(SIDE, SIDE, 4);
  await opened.transformer.transform(input, output, { alpha: 'opaque', border: 'skip', passes: 1 });
  opened.transformer.dispose();
  const values = new Float32Array(output.data.buffer, output.data.byteOffset, SIDE * SIDE);
  const scale = normScale() ** -0.5;
  let largest = 0;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const [red, green, blue] = [0, 1, 2].map((channel) => productAt(input, x, y, channel));
      if (red === 0) continue;
      const exact = (scale * red) / Math.sqrt(red * red + green * green + blue * blue);
      largest = Math.max(largest, Math.abs(values[y * SIDE + x] / exact - 1) * 2 ** 23);
    }
  }
  return largest;
}

function productAt({ data, rowBytes }, x, y, channel) {
  let product = 1;
  for (let row = y - 1; row <= y + 1; row++) {
    for (let column = x - 1; column <= x + 1; column++) product *= data[row * rowBytes + column * 4 + channel];
  }
  return product;
}

/** Written in the shader as 0x1.02032cp-46. */
function normScale() {
  const [, digits, exponent] = /const NORM_SCALE = 0x1\.([\da-f]+)p(-\d+);/.exec(shaderCode);
  return (1 + Number.parseInt(digits, 16) / 16 ** digits.length) * 2 ** Number(exponent);
}
