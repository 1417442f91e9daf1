/**
 * Gappa scripts with what they prove of the code. docs/proofs/README.md describes their comments:
 *
 *   # Code, PATH:        the lines below, indented, are code of that file; `{name}` stands for a number there,
 *   #   constexpr int error_bound = {error_bound};             and in the script for the number that the file has
 *   # Claim: a, b <= c: in words       what Gappa's bounds of these expressions have to show; also |a|, <, >=, >, =
 *   # Assumed: in words                what the script takes from elsewhere
 *   # Paper: in words                  what docs/numerics.md proves and no program checks
 */
import { absolute, compare, resultsOf } from './gappa.mjs';

/** A mistake in a script, or code that is not what the script proves. */
export class ProofError extends Error {}

/**
 * @typedef {object} Claim
 * @property {string[]} names of expressions
 * @property {boolean} isAbsolute
 * @property {'<' | '<=' | '>' | '>=' | '='} relation
 * @property {string} limit an expression
 * @property {string} text
 */

/**
 * @typedef {object} Script
 * @property {string} name of the file, without .g
 * @property {string} gappa the script with its numbers
 * @property {string[]} files whose code it quotes
 * @property {Claim[]} claims
 * @property {string[]} assumed
 * @property {string[]} paper
 */

/** @typedef {import('./gappa.mjs').Dyadic} Dyadic */
/** What was shown for a claim: the bound, and what the code needs. @typedef {{ holds: boolean, proved: Dyadic, used: Dyadic }} Outcome */

const NUMBER = '(-?(?:0x[\\da-f]+(?:\\.[\\da-f]*)?p[-+]?\\d+|\\d+(?:\\.\\d+)?))';

/**
 * @param {string} name
 * @param {string} template
 * @param {(path: string) => string} readSource
 * @returns {Script}
 * @throws ProofError where a file does not have the code that the script quotes
 */
export function scriptOf(name, template, readSource) {
  const constants = new Map();
  const quotes = [...template.matchAll(/^# Code, (\S+):\n((?:# {3}.*\n)+)/gm)];
  for (const [, path, lines] of quotes) {
    const code = lines.replaceAll(/^# {3}/gm, '').trim();
    for (const [constant, value] of constantsIn(readSource(path), code, `${path} (docs/proofs/${name}.g)`)) {
      if ((constants.get(constant) ?? value) !== value)
        throw new ProofError(`${name}.g reads two values of ${constant}.`);
      constants.set(constant, value);
    }
  }
  const gappa = template.replaceAll(/\{(\w+)\}/g, (_, constant) => {
    if (!constants.has(constant)) throw new ProofError(`${name}.g reads no constant ${constant} from the code.`);
    return constants.get(constant);
  });
  const comments = (kind) => [...template.matchAll(new RegExp(`^# ${kind}: (.*)$`, 'gm'))].map(([, text]) => text);
  return {
    name,
    gappa,
    files: quotes.map(([, path]) => path),
    claims: comments('Claim').map((text) => claimOf(text, name)),
    assumed: comments('Assumed'),
    paper: comments('Paper'),
  };
}

/** Spaces and line breaks do not count. */
function constantsIn(source, code, place) {
  const names = [...code.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const escaped = code.split(/\{\w+\}/).map((text) => text.trim().replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const pattern = escaped.map((text) => text.replaceAll(/\s+/g, '\\s+')).join(`\\s*${NUMBER}\\s*`);
  const found = [...source.matchAll(new RegExp(pattern, 'g'))];
  if (found.length === 1) return names.map((name, index) => [name, found[0][index + 1]]);
  const count = found.length === 0 ? 'is not' : `is ${found.length} times`;
  throw new ProofError(`This code ${count} in ${place}. Where the code changed, its proof has to:\n${code}`);
}

/** @returns {Claim} */
function claimOf(text, script) {
  const match = /^(\|?)(\w+(?:, \w+)*)\1 (<=|<|>=|>|=) (\w+): (.+)$/.exec(text);
  if (match === null) throw new ProofError(`${script}.g has a claim of another form than "a, b <= c: words": ${text}`);
  const [, bar, names, relation, limit, words] = match;
  return { names: names.split(', '), isAbsolute: bar === '|', relation, limit, text: words };
}

/**
 * @param {import('./gappa.mjs').Gappa} gappa
 * @param {Script} script
 * @returns {Outcome[]} for each claim
 * @throws ProofError where Gappa has no bound for an expression, or a warning
 */
export function outcomesOf(gappa, script) {
  const { bounds, rest } = resultsOf(gappa.run(script.gappa));
  const missing = script.claims.flatMap(({ names, limit }) => [...names, limit]).find((name) => !bounds.has(name));
  if (rest !== '' || missing) {
    const what = rest === '' ? `has no bound of ${missing}` : 'complains';
    throw new ProofError(`Gappa ${what} in docs/proofs/${script.name}.g. ${rest}`.trim());
  }
  return script.claims.map((claim) => outcomeOf(claim, bounds));
}

/** The worst of the names decides, and the worse end of the limit, should it not be a number of finite binary digits. */
function outcomeOf({ names, isAbsolute, relation, limit }, bounds) {
  const given = names.map((name) => bounds.get(name));
  const ends = isAbsolute ? given.flatMap(({ least, most }) => [absolute(least), absolute(most)]) : undefined;
  const sorted = (values) => values.toSorted(compare);
  const least = sorted(ends ?? given.map((interval) => interval.least))[0];
  const most = sorted(ends ?? given.map((interval) => interval.most)).at(-1);
  const bound = bounds.get(limit);
  switch (relation) {
    case '<':
      return { holds: compare(most, bound.least) < 0, proved: most, used: bound.least };
    case '<=':
      return { holds: compare(most, bound.least) <= 0, proved: most, used: bound.least };
    case '>':
      return { holds: compare(least, bound.most) > 0, proved: least, used: bound.most };
    case '>=':
      return { holds: compare(least, bound.most) >= 0, proved: least, used: bound.most };
    default: {
      const ends = [least, most, bound.least, bound.most];
      return { holds: ends.every((end) => compare(end, ends[0]) === 0), proved: most, used: bound.most };
    }
  }
}
