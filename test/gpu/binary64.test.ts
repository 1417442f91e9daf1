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
const SAMPLE_OF = 3u;

fn to_bits(a: Binary64) -> vec2u {
  if (is_zero(a)) { return vec2u(0u); }
  return vec2u(a.significand.x, (u32(a.exponent + 1075) << 20u) | (a.significand.y & 0xfffffu));
}

fn apply(a: Binary64, b: Binary64) -> Binary64 {
  switch operation {
    case 0u: { return multiply(a, b); }
    case 1u: { return add(a, b); }
    default: { return square_root(a); }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let index = thread.y * workgroups.x * 64u + thread.x;
  if (index >= arrayLength(&results)) { return; }
  let a = from_bits(operands[index].xy);
  let b = from_bits(operands[index].zw);
  if (operation == SAMPLE_OF) {
    results[index] = vec2u(sample_of(a, b), 0u);
  } else {
    results[index] = to_bits(apply(a, b));
  }
}`;

const RANDOM_PAIRS = 2 ** 20;
const SQUARE_ROOT = 2;
const SAMPLE_OF = 3;

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
  /** Which of them may be zero. */
  readonly zero: 'both' | 'neither';
}

const wide = (random: Random): [number, number] => [random.between(-500, 500), random.between(-500, 500)];
const near = (random: Random): [number, number] => {
  const exponent = random.between(-500, 500);
  return [exponent, exponent + random.between(-70, 70)];
};

const OPERATIONS: Operation[] = [
  { name: 'multiply', index: 0, exponents: wide, expected: (a, b) => a * b, zero: 'both' },
  { name: 'add', index: 1, exponents: near, expected: (a, b) => a + b, zero: 'both' },
  {
    name: 'square_root',
    index: SQUARE_ROOT,
    exponents: (random) => [random.between(-1022, 1023), 0],
    expected: Math.sqrt,
    zero: 'neither',
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

  test('square_root next to where it turns', async () => {
    const pairs = rootPairs();
    const results = new BigUint64Array((await compute(SQUARE_ROOT, pairs)).buffer);
    expect(results.length).toBeGreaterThan(100_000);
    expect(differences(pairs, new BigUint64Array(doublesOf(pairs, Math.sqrt).buffer), results)).toEqual([]);
  });

  test('sample_of', async () => {
    const pairs = ratioPairs();
    const expectedBits = BigUint64Array.from(doublesOf(pairs, sampleOf), BigInt);
    const results = new BigUint64Array((await compute(SAMPLE_OF, pairs)).buffer);
    expect(results.length).toBeGreaterThan(RANDOM_PAIRS);
    expect(new Set(results).size).toBe(256);
    expect(differences(pairs, expectedBits, results)).toEqual([]);
  });

  test('a comparison of other bits fails', async () => {
    const pairs = Float64Array.of(3, 5, 7, 9);
    const results = new BigUint64Array((await compute(0, pairs)).buffer);
    expect(differences(pairs, BigUint64Array.of(results[0], results[1] + 1n), results)).toHaveLength(1);
  });
});

test('sample / 255, rounded, is the smallest quotient that gives the sample', () => {
  for (let sample = 1; sample < 256; sample++) {
    expect(sampleOf(sample, 255)).toBe(sample);
    expect(sampleOf(step(sample / 255, -1), 1)).toBe(sample - 1);
  }
});

/**
 * The numbers around the squares of a root of 53 bits and of the middle after it. A third of the roots have zeros or ones in
 * one of the digits of square_root.
 */
function rootPairs(): Float64Array<ArrayBuffer> {
  const random = new Random(66);
  const pairs: number[] = [];
  for (let count = 0; count < 10_000; count++) {
    let root = 2n ** 52n + (randomFraction(random) & (2n ** 52n - 1n));
    const [first, bits] = random.pick([
      [37n, 15n],
      [22n, 15n],
      [11n, 11n],
      [0n, 11n],
    ] as const);
    const digit = ((1n << bits) - 1n) << first;
    if (count % 3 === 0) root = random.below(2) === 0 ? root & ~digit : root | digit;
    for (const twice of [2n * root, 2n * root + 1n]) {
      const square = twice * twice; // of 107 or 108 bits
      const extra = BigInt(square.toString(2).length - 53);
      for (let more = -2n; more <= 3n; more++) pairs.push(Number(((square >> extra) + more) << extra), 1);
    }
  }
  return Float64Array.from(pairs);
}

/** As the definition has it. */
const sampleOf = (a: number, b: number) => Math.trunc(Math.min(a / b, 1) * 255);

/** Pairs of which the first is at most the second: a tenth of them near a sample's ratio, on either side. */
function ratioPairs(): Float64Array<ArrayBuffer> {
  const random = new Random(65);
  const pairs = [0, 1, 0, 255, 1, 1, 3, 3];
  for (let sample = 1; sample < 256; sample++) {
    for (let count = 0; count < 60; count++) {
      const b = double(random.between(-80, 3), randomFraction(random));
      const nearest = (sample / 255) * b;
      for (let ulps = -3; ulps <= 3; ulps++) pairs.push(Math.min(step(nearest, ulps), b), b);
    }
  }
  for (let count = 0; count < RANDOM_PAIRS; count++) {
    const exponent = random.between(-80, 3);
    const a = double(exponent - (count % 3 === 0 ? random.below(70) : random.below(2)), randomFraction(random));
    const b = double(exponent, randomFraction(random));
    pairs.push(Math.min(a, b), Math.max(a, b));
  }
  return Float64Array.from(pairs);
}

/** So many numbers of binary64 further. */
function step(value: number, ulps: number): number {
  doubles[0] = value;
  words[0] += BigInt(ulps);
  return doubles[0];
}

/** Pairs one after the other: zeros, every two edge fractions at close exponents, then random ones. */
function operandPairs(exponents: Operation['exponents'], zero: Operation['zero']): Float64Array<ArrayBuffer> {
  const random = new Random(64);
  const pairs = zero === 'both' ? [0, 1, 0, 255, 1, 0, 255, 0, 0, 0] : [];
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

/** What exact_pass.wgsl reads. */
const QUOTIENTS = Float64Array.from({ length: 256 }, (_, sample) => sample / 255);

async function compute(operation: number, pairs: Float64Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const device = await openDevice();
  const module = device.createShaderModule({ code: shaderCode + KERNEL });
  const compiled = { module, entryPoint: 'main', constants: { operation } };
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: compiled });
  const operands = device.createBuffer({ size: pairs.byteLength, usage: 0x80 | 0x8 });
  const results = device.createBuffer({ size: pairs.byteLength / 2, usage: 0x80 | 0x4 });
  const quotients = device.createBuffer({ size: QUOTIENTS.byteLength, usage: 0x80 | 0x8 });
  device.queue.writeBuffer(operands, 0, pairs);
  device.queue.writeBuffer(quotients, 0, QUOTIENTS);
  const bindings: [number, GPUBuffer][] = [
    [0, operands],
    [1, results],
    [4, quotients],
  ];
  const entries = bindings.map(([binding, buffer]) => ({ binding, resource: { buffer } }));
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
