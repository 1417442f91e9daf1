/** The compilers of Mesa that need no GPU, and what each of them says of the pipelines that are compiled. */
import { spawnSync } from 'node:child_process';
import { COLUMNS_PER_THREAD, TUNING } from '../../dist/gpu/passes.js';
import { intelLines, radeonLines } from './disassembly.mjs';
import { countsOf, pixelCost } from './instructions.mjs';

/**
 * How a pipeline was compiled. What a driver does not tell is left out.
 *
 * @typedef {object} PipelineCost
 * @property {string} gpu
 * @property {'fast_pass' | 'exact_pass'} pass
 * @property {import('../../src/options.js').AlphaMode} alpha
 * @property {number} subgroupSize lanes
 * @property {number} vectorRegisters
 * @property {number} [scalarRegisters]
 * @property {number} scratchBytes
 * @property {number} [subgroups] that a SIMD unit can hold, as Mesa counts them
 * @property {number} [mostSubgroups] where registers are no limit
 * @property {number} instructions
 * @property {import('./instructions.mjs').PixelCost} [pixel] of the fast pass
 */

/**
 * @typedef {object} Compiler
 * @property {string} gpu
 * @property {'radeon' | 'intel'} driver
 * @property {(mesa: import('./mesa.mjs').Mesa) => Record<string, string>} variables that choose the GPU
 * @property {number} [mostSubgroups]
 */

/** @returns {Compiler} of a family of Radeon GPUs by Mesa's name, without a GPU */
function radeon(gpu, family, mostSubgroups) {
  // Without `nocache` pipelines would come from the driver's memory, and have no disassembly.
  const variables = () => ({ RADV_FORCE_FAMILY: family, RADV_DEBUG: 'nocache' });
  return { gpu, driver: 'radeon', variables, mostSubgroups };
}

const PIXELS_PER_THREAD = TUNING.rowsPerThread * COLUMNS_PER_THREAD;

/** @type {readonly Compiler[]} */
export const COMPILERS = [
  radeon('RDNA 3', 'navi31', 32),
  radeon('RDNA 2', 'navi21', 32),
  radeon('Vega', 'vega10', 10),
  { gpu: 'Arc', driver: 'intel', variables: ({ pretendIntel }) => ({ LD_PRELOAD: pretendIntel }) },
];

/**
 * What a driver calls its statistics, its disassembly, and the count of its own with which the disassembly's is compared:
 * instructions are not to be overlooked.
 */
const DRIVERS = {
  radeon: {
    vectorRegisters: 'VGPRs',
    scalarRegisters: 'SGPRs',
    scratchBytes: 'Scratch size',
    subgroups: 'Subgroups per SIMD',
    instructions: 'Instructions',
    linesOf: radeonLines,
    known: { statistics: ['VALU'], of: (text) => countsOf(radeonLines(text)).vector },
  },
  intel: {
    vectorRegisters: 'Max live registers', // of the 128 that each thread has
    scratchBytes: 'Scratch Memory Size',
    instructions: 'Instruction Count',
    linesOf: intelLines,
    // What goes to scratch memory and comes back is counted apart.
    known: {
      statistics: ['SEND Count', 'Spill Count', 'Fill Count'],
      of: (text) => text.match(/^(\(\S+\) )?sends?[c(]/gm)?.length,
    },
  },
};

/**
 * @param {Compiler} compiler
 * @param {import('./mesa.mjs').Mesa} mesa
 * @param {readonly import('./spirv.mjs').Module[]} modules
 * @returns {PipelineCost[]}
 */
export function compile({ gpu, driver, variables, mostSubgroups }, mesa, modules) {
  const files = modules.map(({ file }) => file);
  const env = { ...process.env, ...mesa.variables(driver), ...variables(mesa) };
  const { status, stdout, stderr } = spawnSync(mesa.program, files, { encoding: 'utf8', env, maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`Compiling for ${gpu} failed: ${stderr.trim()}`);
  const [, ...texts] = stdout.split(/^pipeline .*\n/m);
  const { linesOf, known, ...names } = DRIVERS[driver];
  return modules.map(({ pass, alpha }, index) => {
    const after = (word) => [...texts[index].matchAll(new RegExp(`^${word} (.*)$`, 'gm'))].map(([, rest]) => rest);
    const statistics = new Map(after('statistic').map((text) => text.split('=')));
    const numberOf = (name) => {
      if (!statistics.has(name)) throw new Error(`Mesa tells no ${name} of ${pass} for ${gpu}.`);
      return Number(statistics.get(name));
    };
    const disassembly = after('instruction').join('\n');
    const expected = known.statistics.reduce((sum, name) => sum + numberOf(name), 0);
    const actual = known.of(disassembly);
    if (actual !== expected) {
      throw new Error(
        `Expected ${known.statistics.join(' + ')} ${expected} of ${pass} for ${gpu}, but counted ${actual}.`,
      );
    }
    return {
      gpu,
      pass,
      alpha,
      subgroupSize: numberOf('Subgroup size'),
      ...Object.fromEntries(Object.entries(names).map(([field, name]) => [field, numberOf(name)])),
      ...(mostSubgroups !== undefined && { mostSubgroups }),
      ...(pass === 'fast_pass' && { pixel: pixelCost(linesOf(disassembly), PIXELS_PER_THREAD) }),
    };
  });
}
