/**
 * What a GPU executes for each pixel of the fast pass.
 *
 * A thread computes a run of pixels in a loop, so a pixel costs a turn of the loop and its share of what stands before it. A
 * turn has one store to the output for each of its pixels; a compiler may unroll. Within the loop, a subgroup skips what lists
 * an undecided pixel, which is found by its atomic addition, if all its pixels are decided: that is counted apart.
 */

/**
 * Instructions for each lane; `float` and `special` are among `vector`.
 *
 * @typedef {{ vector: number, float: number, special: number, load: number, store: number, atomic: number }} Counts
 * @typedef {import('./disassembly.mjs').Line} Line
 */

/**
 * What a pixel costs.
 *
 * @typedef {object} PixelCost
 * @property {number} pixelsPerTurn of the loop
 * @property {Counts} loop of a decided pixel
 * @property {Counts} decided the same and its share of what stands before the loop, in a thread that computes all its pixels
 * @property {Counts} undecided what a subgroup executes besides where one of its pixels is undecided
 */

/**
 * @param {readonly Line[]} lines of the fast pass
 * @param {number} pixelsPerThread that a thread computes where no edge is near
 * @returns {PixelCost}
 * @throws where the disassembly has not the form that can be counted
 */
export function pixelCost(lines, pixelsPerThread) {
  const places = new Map(lines.flatMap(({ kind, label }, index) => (kind === 'label' ? [[label, index]] : [])));
  const targetOf = (line) => (line.kind === 'branch' ? (places.get(line.target) ?? -1) : -1);
  const loops = loopsOf(lines.map(targetOf));
  const outermost = loops.filter(([start, end]) => !loops.some(([from, to]) => from < start && end < to));
  if (outermost.length !== 1) throw new Error(`Expected one loop in the fast pass, but found ${outermost.length}.`);
  const [[start, end]] = outermost;

  const branches = lines.slice(start, end).map((line, offset) => [start + offset + 1, targetOf(line)]);
  // A branch to the last line of the loop leaves it, or goes on with the next pixels.
  const skips = branches.filter(
    ([from, to]) => to >= from && lines.slice(to, end).some(({ kind }) => kind === 'store'),
  );
  const inner = loops.filter(([from]) => from > start);
  const undecided = [...skips, ...inner].filter(([from, to]) => countsOf(lines.slice(from, to)).atomic > 0);
  if (undecided.length === 0) throw new Error('Expected a part for undecided pixels in the loop, but found none.');
  const isUndecided = (index) => undecided.some(([from, to]) => index >= from && index < to);

  const turn = countsOf(lines.filter((_, index) => index >= start && index <= end && !isUndecided(index)));
  if (turn.store === 0) throw new Error('Expected a store to the output in the loop, but found none.');
  const before = countsOf(lines.slice(0, start));
  const pixelsPerTurn = turn.store;
  const loop = mapCounts(turn, (count) => count / pixelsPerTurn);
  return {
    pixelsPerTurn,
    loop,
    decided: mapCounts(loop, (count, name) => count + before[name] / pixelsPerThread),
    undecided: countsOf(lines.filter((_, index) => isUndecided(index))),
  };
}

/** @returns {[start: number, end: number][]} of each loop, its first line and the last branch back to that */
function loopsOf(targets) {
  const ends = new Map();
  targets.forEach((target, index) => {
    if (target >= 0 && target <= index) ends.set(target, index);
  });
  return [...ends];
}

/**
 * @param {readonly Line[]} lines
 * @returns {Counts}
 */
export function countsOf(lines) {
  const counts = { vector: 0, float: 0, special: 0, load: 0, store: 0, atomic: 0 };
  for (const { kind, size = 1, unit } of lines) {
    if (kind in counts) counts[kind] += size;
    if (unit === 'float' || unit === 'special') counts[unit] += size;
  }
  return counts;
}

/** @returns {Counts} */
function mapCounts(counts, change) {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, change(count, name)]));
}
