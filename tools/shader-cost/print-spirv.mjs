/**
 * Compiles the pipelines as the library does, one alpha mode after the other, while Dawn prints the SPIR-V that it gives the
 * driver: a process of its own, since Dawn prints to standard output. Started by spirv.mjs.
 */
import { DAWN_FLAGS, openGpu } from '../../dist/gpu/node-gpu.js';
import { Pipelines } from '../../dist/gpu/passes.js';
import { ALPHA_MODES } from '../../dist/options.js';
import { regionOf } from '../../dist/regions.js';

DAWN_FLAGS.push('enable-dawn-features=dump_shaders,disable_symbol_renaming');
const opened = await openGpu({ isUntested: true }); // shaders that compute wrong bytes have a cost, too
if ('reason' in opened) throw new Error(`No usable GPU: ${opened.reason}.`);
const { device } = opened.transformer.backend;
// One pipeline after the other: Dawn compiles in threads, and prints of two would mix.
const create = device.createComputePipelineAsync.bind(device);
let last = Promise.resolve();
device.createComputePipelineAsync = (descriptor) => {
  last = last.then(() => create(descriptor));
  return last;
};
const pipelines = await Pipelines.create(device);
const size = { width: 64, height: 64 }; // an even width: pixels are loaded in pairs
for (const alpha of ALPHA_MODES) await pipelines.pairFor(alpha, regionOf(size, 'skip'), size.width);
opened.transformer.dispose();
