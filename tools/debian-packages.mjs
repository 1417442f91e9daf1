/** Debian's packages, downloaded and unpacked into an ignored folder by any user: nothing is installed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
/** Written last: where it is there, everything is. */
const VERSIONS = 'versions.json';

/** This machine cannot be set up; the message says why in a sentence. */
export class CannotSetUp extends Error {}

/** The code name of the Debian release that this is, such as bookworm; undefined on any other system. */
export function debianRelease() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] : undefined;
}

/**
 * Unpacks packages into `folder`/root, if that was not done before. It happens in a folder beside, renamed into place: a
 * process beside this one never sees half of it.
 *
 * @param {string} folder
 * @param {readonly string[]} suites such as bookworm and bookworm-backports, of which apt takes part main
 * @param {readonly string[]} names as `apt-get download` takes them
 * @param {{ withDependencies?: boolean }} [options] whether to take all that the packages need as well, down to the C library,
 * each from the last suite that has it; what is unpacked can then run on its own, in a root of its own
 * @returns {Record<string, string>} the version of each package
 * @throws CannotSetUp
 */
export function unpackPackages(folder, suites, names, { withDependencies = false } = {}) {
  if (existsSync(join(folder, VERSIONS))) return JSON.parse(readFileSync(join(folder, VERSIONS), 'utf8'));
  const unfinished = `${folder}.${process.pid}`;
  const at = (name) => join(unfinished, name);
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'root']) mkdirSync(at(name), { recursive: true });
    writeFileSync(at('status'), '');
    const sources = suites.map((suite) => `deb [signed-by=${KEYRING}] ${mirrorOf(suite)} ${suite} main\n`);
    writeFileSync(at('sources.list'), sources.join(''));
    const options = [
      ['Dir::Etc::SourceList', at('sources.list')],
      ['Dir::Etc::SourceParts', '/dev/null'],
      ['Dir::State', unfinished],
      ['Dir::State::Lists', at('lists')],
      ['Dir::State::status', at('status')], // nothing counts as installed, so what is unpacked is the same on every machine
      ['Dir::Cache', at('cache')],
      ['APT::Sandbox::User', 'root'], // the folder need not be readable for another user
      ['APT::Update::Error-Mode', 'any'], // an index that cannot be had is a warning otherwise
      ['Acquire::Retries', '0'],
      ['Acquire::http::Timeout', '10'], // seconds
    ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    run('apt-get', ['-qq', ...options, 'update'], unfinished);
    const archives = at('cache/archives');
    const install = ['install', '--download-only', '--yes', '--no-install-recommends', '-t', suites.at(-1)];
    run('apt-get', ['-qq', ...options, ...(withDependencies ? install : ['download']), ...names], archives);
    const packages = readdirSync(archives).filter((name) => extname(name) === '.deb');
    for (const name of packages) run('dpkg', ['-x', join(archives, name), at('root')], unfinished);
    // NAME_VERSION_ARCHITECTURE.deb, where the colon of a version's epoch is written %3a.
    const versions = Object.fromEntries(packages.map((name) => name.split('_').slice(0, 2).map(decodeURIComponent)));
    writeFileSync(at(VERSIONS), `${JSON.stringify(versions, null, 2)}\n`);
    for (const name of readdirSync(unfinished)) {
      if (name !== VERSIONS && name !== 'root') rmSync(at(name), { recursive: true });
    }
    if (existsSync(join(folder, VERSIONS))) return versions; // another process was faster
    rmSync(folder, { recursive: true, force: true });
    renameSync(unfinished, folder);
    return versions;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** The mirror that apt is configured with; security updates have one of their own. */
function mirrorOf(suite) {
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], '/');
  const folder = suite.endsWith('-security') ? /\/debian-security\/?$/ : /\/debian\/?$/;
  const mirror = targets.split('\n').find((uri) => folder.test(uri));
  if (mirror === undefined) throw new CannotSetUp(`apt is configured with no mirror of Debian that has ${suite}.`);
  return mirror;
}

/**
 * @param {new (message: string) => Error} Failure what is thrown where the program fails; CannotSetUp where there is no such program
 * @returns {string} what the program printed
 */
export function run(program, args, cwd, Failure = CannotSetUp) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error) throw new CannotSetUp(`Cannot start ${program}: ${error.message}.`);
  if (status !== 0) throw new Failure(`${program} failed: ${Failure === CannotSetUp ? stderr.split('\n')[0] : stderr}`);
  return stdout;
}
