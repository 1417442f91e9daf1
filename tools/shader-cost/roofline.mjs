/**
 * A lower bound on the time of the fast pass: the longer one of moving 8 bytes a pixel, as a copy does, and executing its
 * vector instructions at the rates that its units have. Left out: caches (each pixel is loaded from them almost four times),
 * waiting, scalar instructions, undecided pixels and the exact pass. NVIDIA's compiler is not there: RDNA's instructions stand
 * in for its own, which may be more or fewer.
 */

/** A pixel of four bytes is read and one is written. */
const BYTES_PER_PIXEL = 8;
const PS_PER_SECOND = 1e12;

/**
 * A GPU by its maker's numbers.
 *
 * @typedef {object} Gpu
 * @property {string} name
 * @property {string} instructionsOf the GPU, in compilers.mjs, whose instructions are counted
 * @property {boolean} [isStandIn] whether that is a GPU of another kind
 * @property {number} bytesPerSecond of memory
 * @property {number} lanes vector instructions that all its units together start in a clock
 * @property {number} hertz the boost clock
 * @property {number} otherLanes of these, for anything but single-precision arithmetic
 * @property {number} specialLanes of these, for roots and other special functions
 */

/** @type {readonly Gpu[]} */
export const MODELLED_GPUS = [
  {
    // AMD's page of the Radeon RX 7900 XTX: 6144 stream processors, boost up to 2500 MHz, up to 960 GB/s. Its 61 TFLOPS count
    // two operations in a clock, which the unit starts for some pairs of instructions only: not assumed here.
    name: 'Radeon RX 7900 XTX',
    instructionsOf: 'RDNA 3',
    bytesPerSecond: 960e9,
    lanes: 6144,
    hertz: 2.5e9,
    otherLanes: 6144,
    specialLanes: 6144 / 4, // "RDNA Architecture", AMD 2019: transcendental functions at a quarter of the rate
  },
  {
    // AMD's page of the Radeon RX 6800 XT: 4608 stream processors, boost up to 2250 MHz, up to 512 GB/s.
    name: 'Radeon RX 6800 XT',
    instructionsOf: 'RDNA 2',
    bytesPerSecond: 512e9,
    lanes: 4608,
    hertz: 2.25e9,
    otherLanes: 4608,
    specialLanes: 4608 / 4,
  },
  {
    // AMD's page of the Radeon RX Vega 64: 4096 stream processors, boost up to 1546 MHz, up to 484 GB/s.
    name: 'Radeon RX Vega 64',
    instructionsOf: 'Vega',
    bytesPerSecond: 484e9,
    lanes: 4096,
    hertz: 1.546e9,
    otherLanes: 4096,
    specialLanes: 4096 / 4,
  },
  {
    // Intel's page of the Arc A770: 512 vector engines, 2100 MHz, 560 GB/s with 16 GB. "Introduction to the Xe-HPG
    // Architecture", Intel 2022: an engine starts 8 lanes of single precision and, beside them, 8 of integers in a clock;
    // special functions at a quarter of the rate.
    name: 'Intel Arc A770',
    instructionsOf: 'Arc',
    bytesPerSecond: 560e9,
    lanes: 512 * 16,
    hertz: 2.1e9,
    otherLanes: 512 * 8,
    specialLanes: (512 * 8) / 4,
  },
  {
    // NVIDIA's data sheet of the H100 SXM: 3.35 TB/s and 67 TFLOPS in single precision, so 1.98 GHz for the 132 processors of
    // 128 lanes that "NVIDIA H100 Tensor Core GPU Architecture" gives it, with 64 lanes for integers each. Roots: 16 each, CUDA
    // C++ Programming Guide, "Throughput of Native Arithmetic Instructions", as are comparisons: 64.
    name: 'NVIDIA H100 SXM',
    instructionsOf: 'RDNA 3',
    isStandIn: true,
    bytesPerSecond: 3.35e12,
    lanes: 132 * 128,
    hertz: 1.98e9,
    otherLanes: 132 * 64,
    specialLanes: 132 * 16,
  },
  {
    // NVIDIA's data sheet of the H200 SXM: 4.8 TB/s, otherwise an H100. It is the GPU that was measured.
    name: 'NVIDIA H200',
    instructionsOf: 'RDNA 3',
    isStandIn: true,
    bytesPerSecond: 4.8e12,
    lanes: 132 * 128,
    hertz: 1.98e9,
    otherLanes: 132 * 64,
    specialLanes: 132 * 16,
  },
];

/**
 * @typedef {object} Bound
 * @property {string} gpu
 * @property {boolean} isStandIn
 * @property {number} memoryPs picoseconds a pixel: a copy
 * @property {number} instructionsPs
 * @property {number} copies the longer one in times of a copy
 * @property {'memory' | 'instructions'} by what bounds it
 */

/**
 * @param {Gpu} gpu
 * @param {import('./instructions.mjs').Counts} pixel what a pixel costs
 * @returns {Bound}
 */
export function boundOf({ name, isStandIn = false, bytesPerSecond, lanes, hertz, otherLanes, specialLanes }, pixel) {
  const { vector, float, special } = pixel;
  const isOneUnit = otherLanes === lanes;
  // Where the units are separate they work at the same time; one unit for all is held longer by a special function.
  const clocks = isOneUnit
    ? (vector - special) / lanes + special / specialLanes
    : Math.max(vector / lanes, (vector - float - special) / otherLanes, special / specialLanes);
  const memoryPs = (BYTES_PER_PIXEL / bytesPerSecond) * PS_PER_SECOND;
  const instructionsPs = (clocks / hertz) * PS_PER_SECOND;
  return {
    gpu: name,
    isStandIn,
    memoryPs,
    instructionsPs,
    copies: Math.max(1, instructionsPs / memoryPs),
    by: instructionsPs > memoryPs ? 'instructions' : 'memory',
  };
}
