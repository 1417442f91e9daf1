/**
 * What `npm run bundle` runs: makes an archive for x64 Linux that needs no network, no Node and no compiler. Argument: a
 * tarball of the package; without one, it is packed first.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOFTWARE_GPU_FOLDER, unpackSoftwareGpu } from './software-gpu.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PLATFORM = 'linux-x64';
const OUTPUT = path.join(ROOT, 'bundle');
/** What a Linux with glibc has in any case. */
const GLIBC = /^(linux-vdso|libc|libm|libdl|libpthread|librt|ld-linux-x86-64)\.so/;

if (`${process.platform}-${process.arch}` !== PLATFORM) {
  throw new Error(
    `Expected ${PLATFORM}, but this is ${process.platform}-${process.arch}: the archive is made of its files.`,
  );
}
const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const name = `neighbor-product-${version}-${PLATFORM}`;
rmSync(OUTPUT, { recursive: true, force: true });
const lib = path.join(OUTPUT, name, 'lib');
mkdirSync(lib, { recursive: true });
const tarball = process.argv[2] ?? pack();
layPackages(tarball);
layNode();
collectLicences(path.join(OUTPUT, name));
copyExecutable(path.join(ROOT, 'tools/launcher.sh'), path.join(OUTPUT, name, 'neighbor-product'));
const archive = compress();
rmSync(path.join(OUTPUT, name), { recursive: true });
process.stdout.write(`${path.relative('.', archive)}\n`);

function pack() {
  run('npm', ['pack', '--pack-destination', OUTPUT], ROOT);
  return path.join(OUTPUT, `neighbor-product-${version}.tgz`);
}

/** The package and the versions of the lock file, less what only other platforms and compilers need. */
function layPackages() {
  for (const file of ['package.json', 'package-lock.json']) copyFileSync(path.join(ROOT, file), path.join(lib, file));
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], lib);
  const modules = path.join(lib, 'node_modules');
  const target = path.join(modules, 'neighbor-product');
  mkdirSync(target);
  run('tar', ['-xzf', path.resolve(tarball), '-C', target, '--strip-components=1'], ROOT);
  const dawn = path.join(modules, 'webgpu/dist');
  const needless = readdirSync(dawn).filter((platform) => platform !== PLATFORM);
  for (const platform of needless) rmSync(path.join(dawn, platform), { recursive: true });
  // sharp contains libvips and libraries under the LGPL and other licences, which would have to come along, too.
  const sharp = ['sharp', '@img', 'detect-libc', 'semver'];
  for (const file of ['node-addon-api', ...sharp, '.package-lock.json', '.bin']) {
    rmSync(path.join(modules, file), { recursive: true, force: true });
  }
  for (const file of ['package.json', 'package-lock.json']) rmSync(path.join(lib, file));
  const { bin } = JSON.parse(readFileSync(path.join(target, 'package.json'), 'utf8'));
  mkdirSync(path.join(modules, '.bin'));
  symlinkSync(path.join('../neighbor-product', bin['neighbor-product']), path.join(modules, '.bin/neighbor-product'));
}

/** Node and the libraries it needs, each in a folder of its own, so that the launcher can choose. */
function layNode() {
  copyExecutable(process.execPath, path.join(lib, 'node'));
  run('strip', [path.join(lib, 'node')], ROOT);
  unpackSoftwareGpu();
  layLibrary('libvulkan.so.1', path.join(SOFTWARE_GPU_FOLDER, 'libvulkan.so.1'));
  for (const [, library, place] of run('ldd', [process.execPath], ROOT).matchAll(/^\s*(\S+) => (\S+)/gm)) {
    if (GLIBC.test(library)) continue;
    if (!/^lib(stdc\+\+|gcc_s)\.so/.test(library)) {
      throw new Error(
        `Expected a Node that needs glibc and libstdc++ only, but it needs ${library}. Use nodejs.org's.`,
      );
    }
    layLibrary(library, place);
  }
}

function layLibrary(library, place) {
  mkdirSync(path.join(lib, 'shared', library), { recursive: true });
  cpSync(place, path.join(lib, 'shared', library, library), { dereference: true });
}

/** The same files give the same archive: sorted, without owners, of one time, cut into blocks whatever cores there are. */
function compress() {
  const file = path.join(OUTPUT, `${name}.tar.xz`);
  const epoch = `--mtime=@${process.env.SOURCE_DATE_EPOCH ?? 0}`;
  const order = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mode=u+rwX,go+rX,go-w', epoch];
  run('tar', ['-cf', file, '--use-compress-program=xz -6 -T2', ...order, '-C', OUTPUT, name], ROOT);
  return file;
}

function copyExecutable(from, to) {
  copyFileSync(from, to);
  chmodSync(to, 0o755);
}

function run(program, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/**
 * Writes the licence text of everything in the archive.
 *
 * @param {string} archive the folder that will be packed; its packages are in place
 */
function collectLicences(archive) {
  const folder = path.join(archive, 'LICENSES');
  const modules = path.join(archive, 'lib/node_modules');
  mkdirSync(folder);
  const write = (name, text) => writeFileSync(path.join(folder, `${name.replace('/', '__')}.txt`), text);
  for (const name of packagesIn(modules)) write(name, licenceOf(path.join(modules, name)));
  write('node', readFileSync(findNodeLicence()));
  write('gcc-runtime', readFileSync(path.join(ROOT, 'native-fallback/gcc-runtime-licence.txt')));
  write('vulkan-loader', vulkanLicence());
}

function packagesIn(modules) {
  return readdirSync(modules)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(path.join(modules, name)).map((sub) => `${name}/${sub}`) : name,
    );
}

function licenceOf(folder) {
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (file !== undefined) return readFileSync(path.join(folder, file), 'utf8');
  const { name, version, license, author, repository } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  if (license !== 'MIT')
    throw new Error(`Expected a licence text in ${name}, but there is none. Add it to archive.mjs.`);
  const [, ...terms] = readFileSync(path.join(ROOT, 'LICENSE'), 'utf8').split(/^Copyright.*\n/m);
  const holder = author?.name ?? author ?? 'its authors';
  const origin = repository?.url ?? repository ?? name;
  return `${name} ${version} brings no licence text. Its package.json says MIT.\n\nCopyright (c) ${holder} (${origin})\n${terms.join('')}`;
}

/** Beside the binary in nodejs.org's archives, among the documents in packages of distributions. */
function findNodeLicence() {
  const prefix = path.resolve(path.dirname(process.execPath), '..');
  const places = ['LICENSE', 'share/doc/nodejs/LICENSE', 'share/doc/node/LICENSE'];
  const found = places.map((name) => path.join(prefix, name)).find((file) => existsSync(file));
  if (found === undefined)
    throw new Error(`Expected Node's LICENSE in ${prefix}, but there is none. Use nodejs.org's Node.`);
  return found;
}

/** The text of the Apache License comes with every TypeScript. */
function vulkanLicence() {
  const text = readFileSync(path.join(ROOT, 'node_modules/typescript/LICENSE.txt'), 'utf8');
  if (!text.startsWith('Apache License'))
    throw new Error('Expected the Apache License with TypeScript, but it is another.');
  return `libvulkan.so.1 is the Vulkan loader of the Khronos Group, under the Apache License 2.0, as the npm package\n@sparticuz/chromium brings it.\n\n${text}`;
}
