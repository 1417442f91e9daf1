/**
 * Mesa's Vulkan drivers and what is needed to compile shaders with them, from Debian's packages, unpacked into the ignored
 * folder .cache/mesa: nothing is installed. Debian's stable Mesa is older than its backport, which knows newer GPUs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where {@link setUpMesa} unpacks to. */
const MESA_FOLDER = fileURLToPath(new URL('../../.cache/mesa', import.meta.url));

/** Written last: where it is there, everything is. */
const VERSIONS = join(MESA_FOLDER, 'versions.json');

/** The only release for which the lists of packages below are complete. */
const RELEASE = 'bookworm';
const BACKPORTS = ['mesa-vulkan-drivers', 'libdrm2', 'libdrm-amdgpu1', 'libdrm-dev'];
/** The loader, its headers, the assembler, and what Mesa's drivers load and a small installation lacks. */
const STABLE = [
  ...['libvulkan1', 'libvulkan-dev', 'spirv-tools'],
  ...['libllvm15', 'libelf1', 'libexpat1', 'libedit2', 'libffi8', 'libz3-4', 'libxml2', 'libicu72', 'libtinfo6'],
  ...['libwayland-client0', 'libx11-xcb1', 'libxau6', 'libxdmcp6', 'libxshmfence1', 'libbsd0', 'libmd0'],
  ...['libxcb1', 'libxcb-dri3-0', 'libxcb-present0', 'libxcb-randr0', 'libxcb-shm0', 'libxcb-sync1', 'libxcb-xfixes0'],
];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** This machine cannot be set up; the message says why in a sentence. */
export class NoMesa extends Error {}

/**
 * What is unpacked in a folder, and how to run it.
 *
 * @typedef {object} Mesa
 * @property {{ mesa: string, spirvTools: string }} versions of Debian's packages
 * @property {string} program compile_pipelines
 * @property {string} assembler spirv-as
 * @property {string} pretendIntel the library pretend_intel
 * @property {(driver: 'radeon' | 'intel' | 'lvp') => Record<string, string>} variables for a process that is to use a driver
 */

/**
 * Downloads and unpacks the packages, if that was not done before, and compiles the programs in C++.
 *
 * @param {(text: string) => void} report is told what takes time
 * @returns {Mesa}
 * @throws NoMesa
 */
export function setUpMesa(report) {
  const root = join(MESA_FOLDER, 'root');
  if (!existsSync(VERSIONS)) unpack(report);
  const versions = JSON.parse(readFileSync(VERSIONS, 'utf8'));
  const libraries = join(root, LIBRARIES);
  return {
    versions: { mesa: versions['mesa-vulkan-drivers'], spirvTools: versions['spirv-tools'] },
    program: compile('compile_pipelines', root, [join(libraries, 'libvulkan.so.1')]),
    pretendIntel: compile('pretend_intel', root, ['-shared', '-fPIC']),
    assembler: join(root, 'usr/bin/spirv-as'),
    variables: (driver) => ({
      LD_LIBRARY_PATH: libraries,
      VK_DRIVER_FILES: join(root, `usr/share/vulkan/icd.d/${driver}_icd.json`),
      NODEVICE_SELECT: '1', // a Mesa layer that may be installed writes warnings otherwise
      MESA_SHADER_CACHE_DISABLE: 'true', // what comes from the cache has no disassembly
    }),
  };
}

/** In a folder beside, renamed into place: a process beside this one never sees half of it. */
function unpack(report) {
  const mirror = mirrorOfDebian();
  const folder = `${MESA_FOLDER}.${process.pid}`;
  const at = (name) => join(folder, name);
  try {
    for (const name of ['lists/partial', 'cache/archives/partial', 'packages', 'root']) {
      mkdirSync(at(name), { recursive: true });
    }
    const source = (suite) => `deb [signed-by=${KEYRING}] ${mirror} ${suite} main\n`;
    writeFileSync(at('sources.list'), source(RELEASE) + source(`${RELEASE}-backports`));
    const options = [
      ['Dir::Etc::SourceList', at('sources.list')],
      ['Dir::Etc::SourceParts', '/dev/null'],
      ['Dir::State::Lists', at('lists')],
      ['Dir::Cache', at('cache')],
      ['APT::Sandbox::User', 'root'], // the folder need not be readable for another user
      ['APT::Update::Error-Mode', 'any'], // an index that cannot be had is a warning otherwise
      ['Acquire::Retries', '0'],
      ['Acquire::http::Timeout', '10'], // seconds
    ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    report('Downloading Mesa and spirv-tools from Debian, 60 MB, into .cache/mesa ...\n');
    run('apt-get', ['-qq', ...options, 'update'], folder);
    const names = [...BACKPORTS.map((name) => `${name}/${RELEASE}-backports`), ...STABLE];
    run('apt-get', ['-qq', ...options, 'download', ...names], at('packages'));
    const packages = readdirSync(at('packages'));
    for (const name of packages) run('dpkg', ['-x', join(at('packages'), name), at('root')], folder);
    // NAME_VERSION_ARCHITECTURE.deb, where the colon of a version's epoch is written %3a.
    const versions = packages.map((name) => name.split('_').slice(0, 2).map(decodeURIComponent));
    writeFileSync(at('versions.json'), `${JSON.stringify(Object.fromEntries(versions), null, 2)}\n`);
    for (const name of ['lists', 'cache', 'packages', 'sources.list']) rmSync(at(name), { recursive: true });
    if (existsSync(VERSIONS)) return; // another process was faster
    rmSync(MESA_FOLDER, { recursive: true, force: true });
    renameSync(folder, MESA_FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The mirror that apt is configured with. */
function mirrorOfDebian() {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const isRelease = /^ID=debian$/m.test(release) && release.includes(`VERSION_CODENAME=${RELEASE}`);
  if (!isRelease || process.arch !== 'x64') {
    throw new NoMesa(`Expected Debian 12 (${RELEASE}) on x64, whose packages have the compilers.`);
  }
  const targets = run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'], '/');
  const mirror = targets.split('\n').find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) throw new NoMesa('apt is configured with no mirror of Debian.');
  return mirror;
}

/** Compiles a program of this folder where its source is newer. */
function compile(name, root, args) {
  const source = fileURLToPath(new URL(`${name}.cc`, import.meta.url));
  const program = join(MESA_FOLDER, name);
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  const unfinished = `${program}.${process.pid}`;
  const include = join(root, 'usr/include');
  const options = ['-std=c++17', '-I', include, '-I', join(include, 'libdrm'), '-o', unfinished];
  run('c++', [...options, source, ...args], MESA_FOLDER, Error);
  renameSync(unfinished, program);
  return program;
}

/**
 * @param {new (message: string) => Error} Failure what is thrown where the program fails; NoMesa where there is no such program
 * @returns {string} what the program printed
 */
function run(program, args, cwd, Failure = NoMesa) {
  const { error, status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (error) throw new NoMesa(`Cannot start ${program}: ${error.message}.`);
  if (status !== 0) throw new Failure(`${program} failed: ${Failure === NoMesa ? stderr.split('\n')[0] : stderr}`);
  return stdout;
}
