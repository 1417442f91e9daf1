/** Every operation of binary64.wgsl on the device against JavaScript's numbers, bit by bit. */
import { expect, test } from 'vitest';
import { Random } from '../../src/conformance/canvas.js';
import { shaderCode } from '../../src/gpu/shader-code.js';
import { describeOnGpu, openDevice, readBuffer } from './devices.js';

/** A thread applies one operation to one pair of doubles, low words first. */
const KERNEL = `
@group(0) @binding(0) var<storage, read> operands: array<vec4u>;
@group(0) @binding(1) var<storage, read_write> results: array<vec2u>;
override operation: u32;

fn to_bits(a: Binary64) -> vec2u {
  if (is_zero(a)) { return vec2u(0u); }
  return vec2u(a.significand.x, (u32(a.exponent + 1075) << 20u) | (a.significand.y & 0xfffffu));
}

fn apply(a: Binary64, b: Binary64) -> Binary64 {
  switch operation {
    case 0u: { return multiply(a, b); }
    case 1u: { return add(a, b); }
    case 2u: { return divide(a, b); }
    default: { return square_root(a); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = thread.y * workgroups.x * 64u + thread.x;
  if (index >= arrayLength(&results)) { return; }
  let a = from_bits(operands[index].xy);
  let b = from_bits(operands[index].zw);
  if (operation == 4u) {
    results[index] = vec2u(truncate_to_u32(a), 0u);
  } else {
    results[index] = to_bits(apply(a, b));
  }
}`;

const RANDOM_PAIRS = 2 ** 20;

/** Where a rounding, a carry or a shift goes wrong first: powers of two and their neighbours, halfway cases. */
const EDGE_FRACTIONS = [
  0n,
  1n,
  2n,
  3n,
  2n ** 52n - 1n,
  2n ** 52n - 2n,
  2n ** 51n,
  2n ** 51n - 1n,
  2n ** 51n + 1n,
].concat([20n, 21n, 26n, 27n, 31n, 32n, 33n].flatMap((bit) => [2n ** bit, 2n ** bit - 1n, 2n ** 52n - 2n ** bit]));

interface Operation {
  readonly name: string;
  readonly index: number;
  /** The operands' exponents: results stay normal. */
  readonly exponents: (random: Random) => readonly [number, number];
  readonly expected: (a: number, b: number) => number;
  readonly zero: 'both' | 'first';
}

const wide = (random: Random): [number, number] => [random.between(-500, 500), random.between(-500, 500)];
const near = (random: Random): [number, number] => {
  const exponent = random.between(-500, 500);
  return [exponent, exponent + random.between(-70, 70)];
};

const OPERATIONS: Operation[] = [
  { name: 'multiply', index: 0, exponents: wide, expected: (a, b) => a * b, zero: 'both' },
  { name: 'add', index: 1, exponents: near, expected: (a, b) => a + b, zero: 'both' },
  { name: 'divide', index: 2, exponents: wide, expected: (a, b) => a / b, zero: 'first' },
  {
    name: 'square_root',
    index: 3,
    exponents: (random) => [random.between(-1022, 1023), 0],
    expected: Math.sqrt,
    zero: 'first',
  },
];

describeOnGpu('binary64.wgsl gives the bits of a double', () => {
  test.each(OPERATIONS)('$name', async ({ index, exponents, expected, zero }) => {
    const pairs = operandPairs(exponents, zero);
    const expectedBits = new BigUint64Array(doublesOf(pairs, expected).buffer);
    const results = new BigUint64Array((await compute(index, pairs)).buffer);
    expect(results.length).toBeGreaterThan(RANDOM_PAIRS);
    expect(differences(pairs, expectedBits, results)).toEqual([]);
  });

  test('truncate_to_u32', async () => {
    const pairs = operandPairs((random) => [random.between(-70, 31), 0], 'first');
    const expectedBits = BigUint64Array.from(doublesOf(pairs, Math.trunc), (value) => BigInt(value));
    const results = new BigUint64Array((await compute(4, pairs)).buffer);
    expect(results.length).toBeGreaterThan(RANDOM_PAIRS);
    expect(differences(pairs, expectedBits, results)).toEqual([]);
  });

  test('a comparison of other bits fails', async () => {
    const pairs = Float64Array.of(3, 5, 7, 9);
    const results = new BigUint64Array((await compute(0, pairs)).buffer);
    expect(differences(pairs, BigUint64Array.of(results[0], results[1] + 1n), results)).toHaveLength(1);
  });
});

/** Pairs one after the other: zeros, every two edge fractions at close exponents, then random ones. */
function operandPairs(exponents: Operation['exponents'], zero: Operation['zero']): Float64Array<ArrayBuffer> {
  const random = new Random(64);
  const pairs: number[] = [0, 1, 0, 255, ...(zero === 'both' ? [1, 0, 255, 0, 0, 0] : [])];
  for (const a of EDGE_FRACTIONS) {
    for (const b of EDGE_FRACTIONS) {
      const [exponentA, exponentB] = exponents(random);
      pairs.push(double(exponentA, a), double(exponentB, b));
      pairs.push(double(exponentA, a), double(exponentA + (random.next() % 3) - 1, b));
    }
  }
  for (let count = 0; count < RANDOM_PAIRS; count++) {
    const [exponentA, exponentB] = exponents(random);
    pairs.push(double(exponentA, randomFraction(random)), double(exponentB, randomFraction(random)));
  }
  return Float64Array.from(pairs);
}

/** 52 random bits, half of the time with a random number of zeros, or of ones, at the end: exact results and ties. */
function randomFraction(random: Random): bigint {
  const bits = (BigInt(random.next()) << 20n) | BigInt(random.below(2 ** 20));
  const end = 1n << BigInt(random.below(53));
  const kind = random.below(4);
  if (kind === 0) return bits - (bits % end);
  if (kind === 1) return bits | (end - 1n);
  return bits;
}

function double(exponent: number, fraction: bigint): number {
  words[0] = (BigInt(exponent + 1023) << 52n) | (fraction & (2n ** 52n - 1n));
  return doubles[0];
}
const words = new BigUint64Array(1);
const doubles = new Float64Array(words.buffer);

function doublesOf(pairs: Float64Array, expected: (a: number, b: number) => number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: pairs.length / 2 }, (_, index) =>
    expected(pairs[2 * index], pairs[2 * index + 1]),
  );
}

async function compute(operation: number, pairs: Float64Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const device = await openDevice();
  const module = device.createShaderModule({ code: shaderCode + KERNEL });
  const compiled = { module, entryPoint: 'main', constants: { operation } };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: compiled });
  const operands = device.createBuffer({ size: pairs.byteLength, usage: 0x80 | 0x8 });
  const results = device.createBuffer({ size: pairs.byteLength / 2, usage: 0x80 | 0x4 });
  device.queue.writeBuffer(operands, 0, pairs);
  const entries = [operands, results].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(256, Math.ceil(pairs.length / 2 / 256 / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  return readBuffer(device, results);
}

/** The first few operands whose result is not the expected one. */
function differences(pairs: Float64Array, expected: BigUint64Array, results: BigUint64Array): string[] {
  const found: string[] = [];
  for (let index = 0; index < results.length && found.length < 5; index++) {
    if (expected[index] === results[index]) continue;
    const operands = `${pairs[2 * index]}, ${pairs[2 * index + 1]}`;
    found.push(`${operands}: expected ${expected[index].toString(16)}, got ${results[index].toString(16)}`);
  }
  return found;
}
