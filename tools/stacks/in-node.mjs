/** Dawn in Node, in a process of its own: in-node.mjs quick|full FLAG... Prints one line of JSON; Dawn may print others before. */
import { create } from 'webgpu';
import { compare } from './compare.mjs';

const [extent, ...flags] = process.argv.slice(2);
const gpu = create(flags);
globalThis.keptAlive = gpu; // Dawn does not survive its collection before a device's
// Dawn offers GL on request alone, since it lacks features that the shaders do not use.
const featureLevel = flags.some((flag) => flag.startsWith('backend=opengl')) ? 'compatibility' : 'core';
const offered = { requestAdapter: (options) => gpu.requestAdapter({ ...options, featureLevel }) };
const found = await compare(offered, { quick: extent === 'quick' });
process.stdout.write(`\n${JSON.stringify(found)}\n`, () => process.exit());
