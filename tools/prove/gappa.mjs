/**
 * Gappa, which proves bounds on expressions with rounded operations: the one that is installed, or Debian's, unpacked into
 * the ignored folder .cache/gappa. https://gappa.gitlabpages.inria.fr
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CannotSetUp, debianRelease, unpackPackages } from '../debian-packages.mjs';

const FOLDER = fileURLToPath(new URL('../../.cache/gappa', import.meta.url));
const PACKAGES = ['gappa', 'libgmp10', 'libmpfr6'];
const ADVICE =
  'Install it, on Debian or Ubuntu with apt-get install gappa: https://gappa.gitlabpages.inria.fr has its source.';

/** significand * 2^exponent, exactly. @typedef {{ significand: bigint, exponent: number }} Dyadic */
/** @typedef {{ least: Dyadic, most: Dyadic }} Interval */
/** Runs a script, and has what Gappa wrote. @typedef {{ version: string, run: (script: string) => string }} Gappa */

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string | undefined} release of Debian, where this is one
 * @returns {Gappa}
 * @throws CannotSetUp
 */
export function setUpGappa(env = process.env, release = debianRelease()) {
  const installed = gappaAt('gappa', env);
  if (installed) return installed;
  if (!release) throw new CannotSetUp(`There is no program gappa. ${ADVICE}`);
  try {
    unpackPackages(FOLDER, [release], PACKAGES);
  } catch (error) {
    if (!(error instanceof CannotSetUp)) throw error;
    throw new CannotSetUp(`There is no program gappa, and no package of it: ${error.message} ${ADVICE}`);
  }
  const libraries = join(FOLDER, 'root/usr/lib');
  const [machine] = readdirSync(libraries).filter((name) => name.includes('-linux-'));
  const variables = { ...env, LD_LIBRARY_PATH: join(libraries, machine) };
  const unpacked = gappaAt(join(FOLDER, 'root/usr/bin/gappa'), variables);
  if (unpacked) return unpacked;
  throw new CannotSetUp(`The program gappa of Debian's package, in .cache/gappa, does not start. ${ADVICE}`);
}

/** @returns {Gappa | undefined} */
function gappaAt(program, env) {
  const run = (args, input) => spawnSync(program, args, { input, env, encoding: 'utf8', timeout: 60_000 });
  const { status, stdout } = run(['--version'], '');
  if (status !== 0) return undefined;
  return {
    version: stdout.trim(),
    // Divisors whose range excludes 0 need no warning. It writes to both streams.
    run: (script) =>
      Object.values(run(['-Wno-null-denominator'], script).output ?? ['', '', 'Error: it did not run in time']).join(
        '',
      ),
  };
}

const NUMBER = '(-?\\d+(?:b-?\\d+)?)(?: \\{[^}]*\\})?';
const RESULT = new RegExp(`^  (\\S.*) in \\[${NUMBER}, ${NUMBER}\\]\\n`, 'gm');

/**
 * @param {string} output of Gappa, with lines such as `  error in [-3b-26 {-4.5e-08, -2^(-24.4)}, 1]`
 * @returns {{ bounds: Map<string, Interval>, rest: string }} the bounds by their expressions, and warnings and errors
 */
export function resultsOf(output) {
  const results = [...output.matchAll(RESULT)];
  return {
    bounds: new Map(results.map(([, name, least, most]) => [name, { least: dyadic(least), most: dyadic(most) }])),
    rest: output
      .replaceAll(RESULT, '')
      .replace(/^Results:\n/m, '')
      .trim(),
  };
}

/** @returns {Dyadic} of a number that Gappa writes, such as 255 or -3b-26 for -3 * 2^-26 */
function dyadic(text) {
  const [significand, exponent = '0'] = text.split('b');
  return { significand: BigInt(significand), exponent: Number(exponent) };
}

/** @returns {number} negative, 0 or positive, as `a` is less than, equal to or more than `b` */
export function compare(a, b) {
  const exponent = Math.min(a.exponent, b.exponent);
  const at = ({ significand, exponent: own }) => significand << BigInt(own - exponent);
  const [left, right] = [at(a), at(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** @returns {Dyadic} */
export function absolute({ significand, exponent }) {
  return { significand: significand < 0n ? -significand : significand, exponent };
}

/** @returns {{ sign: number, log2: number }} the base-2 logarithm of the absolute value, -Infinity for 0 */
export function logarithm({ significand, exponent }) {
  if (significand === 0n) return { sign: 0, log2: Number.NEGATIVE_INFINITY };
  const digits = absolute({ significand, exponent: 0 }).significand.toString(2);
  const leading = Number.parseInt(digits.slice(0, 60), 2);
  return { sign: significand < 0n ? -1 : 1, log2: Math.log2(leading) + Math.max(0, digits.length - 60) + exponent };
}
