/**
 * What a Radeon GPU executes for each pixel of the fast pass, counted in the disassembly that Mesa's driver gives.
 *
 * A thread computes a run of pixels in a loop, so a pixel costs a turn of the loop and its share of what stands before it. A
 * turn has one store to the output for each of its pixels; the compiler may unroll. Within the loop, a wave skips what lists an
 * undecided pixel, which is found by its atomic addition, if all its pixels are decided: that is counted apart.
 */

/**
 * Instructions by what executes them. Loads, stores and atomics are those of a lane; what a wave does once for all its lanes
 * (scalar instructions and branches, `s_`) is not counted: other units execute it at the same time.
 *
 * @typedef {object} Counts
 * @property {number} vector arithmetic of all kinds
 * @property {number} float of these, arithmetic in single precision without comparisons
 * @property {number} root of these, reciprocals and roots
 * @property {number} load
 * @property {number} store
 * @property {number} atomic
 */

const KINDS = {
  vector: /^v_/,
  float: /^v_(mul|add|sub|subrev|mac|fmac|fma|mad|madmk|madak|fmamk|fmaak|dual_\w+)_f32/,
  root: /^v_(rsq|rcp|sqrt)_/,
  load: /^(buffer|global|flat)_load/,
  store: /^(buffer|global|flat)_store/,
  atomic: /^(buffer|global|flat)_atomic/,
};

/**
 * @typedef {{ label: string } | { name: string, target?: string }} Line a label, or an instruction and where it may branch to
 */

/**
 * @param {string} disassembly of Mesa's Radeon driver
 * @returns {Line[]}
 */
function linesOf(disassembly) {
  /** @type {Line[]} */
  const lines = [];
  for (const text of disassembly.split('\n')) {
    const label = /^(BB\d+):$/.exec(text.trim())?.[1];
    const [, name, rest] = /^\s+([a-z]\w+)\b([^;]*)/.exec(text) ?? [];
    // The disassembler writes a run of equal instructions once.
    const repeats = /^\s*\(then repeated (\d+) times\)/.exec(text)?.[1];
    if (label !== undefined) lines.push({ label });
    else if (name !== undefined) lines.push({ name, target: /^s_c?branch/.test(name) ? rest.trim() : undefined });
    else if (repeats !== undefined) lines.push(...Array(Number(repeats)).fill(lines.at(-1)));
  }
  return lines;
}

/** @returns {Counts} */
function countsOf(lines) {
  const count = (pattern) => lines.filter(({ name }) => name !== undefined && pattern.test(name)).length;
  return Object.fromEntries(Object.entries(KINDS).map(([kind, pattern]) => [kind, count(pattern)]));
}

/**
 * What a pixel costs.
 *
 * @typedef {object} PixelCost
 * @property {number} pixelsPerTurn of the loop
 * @property {Counts} loop of a decided pixel
 * @property {Counts} decided the same and its share of what stands before the loop, in a thread that computes all its rows
 * @property {Counts} undecided what a wave executes besides where one of its pixels is undecided
 */

/**
 * @param {string} disassembly of the fast pass
 * @param {number} rowsPerThread
 * @param {number} vectorInstructions in all, by the compiler's own count
 * @returns {PixelCost}
 * @throws where the disassembly has not the form that can be counted
 */
export function pixelCost(disassembly, rowsPerThread, vectorInstructions) {
  const lines = linesOf(disassembly);
  const { vector } = countsOf(lines);
  if (vector !== vectorInstructions) {
    throw new Error(`Expected ${vectorInstructions} vector instructions in the fast pass, but found ${vector}.`);
  }
  const places = new Map(lines.flatMap(({ label }, index) => (label === undefined ? [] : [[label, index]])));
  const placeOf = ({ target }) => (target === undefined ? -1 : (places.get(target) ?? -1));
  const ends = lines.flatMap((line, index) => (placeOf(line) >= 0 && placeOf(line) <= index ? [index] : []));
  const starts = new Set(ends.map((end) => placeOf(lines[end])));
  if (starts.size !== 1) throw new Error(`Expected one loop in the fast pass, but found ${starts.size}.`);
  const [start] = starts;
  const end = ends.at(-1);

  const undecided = lines.slice(start, end).flatMap((line, offset) => {
    const from = start + offset + 1;
    const skipped = lines.slice(from, placeOf(line));
    return placeOf(line) >= from && placeOf(line) <= end && countsOf(skipped).atomic > 0 ? [[from, placeOf(line)]] : [];
  });
  if (undecided.length === 0) throw new Error('Expected a part for undecided pixels in the loop, but found none.');
  const isUndecided = (index) => undecided.some(([from, to]) => index >= from && index < to);

  const turn = countsOf(lines.filter((_, index) => index >= start && index <= end && !isUndecided(index)));
  if (turn.store === 0) throw new Error('Expected a store to the output in the loop, but found none.');
  const before = countsOf(lines.slice(0, start));
  const pixelsPerTurn = turn.store;
  const loop = mapCounts((kind) => turn[kind] / pixelsPerTurn);
  return {
    pixelsPerTurn,
    loop,
    decided: mapCounts((kind) => loop[kind] + before[kind] / rowsPerThread),
    undecided: countsOf(lines.filter((_, index) => isUndecided(index))),
  };
}

/** @returns {Counts} */
function mapCounts(of) {
  return Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, of(kind)]));
}
