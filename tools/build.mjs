/**
 * Makes dist/ from src/, shaders/ and native-fallback/: the shaders and the kernel as WebAssembly as strings, the compiled
 * TypeScript, the same as CommonJS, the command line as one script, and its manual page. Run by tools/set-up.mjs, which imports it before any package is installed, and by `npm run build`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeKernelCode } from './build-wasm.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The files of shaders/ that are joined to one shader module, in this order. */
const SHADERS = ['fast_pass', 'binary64', 'exact_pass'];
/** Generated, and not in git. */
export const SHADER_CODE = 'src/gpu/shader-code.ts';

/** Ends the process with exit code 1 if the sources do not compile. */
export async function build() {
  writeShaderCode();
  await writeKernelCode();
  removeLeftovers();
  run('node_modules/typescript/bin/tsc', ['-p', 'tsconfig.json']);
  leaveCommentsToDeclarations();
  // tsc does not touch its record if nothing has changed; set-up.mjs compares times.
  utimesSync(path.join(ROOT, 'dist/.tsbuildinfo'), new Date(), new Date());
  await writeCommonJs();
  await writeCommandScript(ROOT);
  await writeManPage();
}

/**
 * Writes the shaders as a TypeScript module, so that the library loads no files; leaves it alone if nothing changed. Without
 * comments and indentation, since the package has the text four times.
 */
export function writeShaderCode() {
  const sources = SHADERS.map((name) => readFileSync(path.join(ROOT, `shaders/${name}.wgsl`), 'utf8')).join('\n');
  const code = sources.replace(/\s*\/\/.*$/gm, '').replace(/\n\s*/g, '\n');
  const text = `/** Generated from shaders/ by tools/build.mjs. */\nexport const shaderCode: string = ${JSON.stringify(code)};\n`;
  const file = path.join(ROOT, SHADER_CODE);
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
}

/** Removes what tsc made of sources that are gone: it would be packed. */
function removeLeftovers() {
  const dist = path.join(ROOT, 'dist');
  if (!existsSync(dist)) return;
  for (const name of readdirSync(dist, { recursive: true })) {
    const source = /^(.*?)(\.d\.ts|\.js)(\.map)?$/.exec(name)?.[1];
    if (source !== undefined && !existsSync(path.join(ROOT, 'src', `${source}.ts`))) rmSync(path.join(dist, name));
  }
}

/** Takes the comments that declarations have, too, out of what runs: a tenth of it. Its lines stay where they are. */
function leaveCommentsToDeclarations() {
  const dist = path.join(ROOT, 'dist');
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith('.js')) continue;
    const code = readFileSync(path.join(dist, name), 'utf8');
    const bare = code.replace(/^ *\/\*\*.*?\*\/$/gms, (comment) => comment.replace(/[^\n]/g, ''));
    if (bare !== code) writeFileSync(path.join(dist, name), bare);
  }
}

const COMMON_JS = path.join(ROOT, 'dist/cjs');

/**
 * Writes what the package's entries reach as CommonJS, file by file, so that the entries share their modules: for jest,
 * and for `require` in Node before 20.19. Later Nodes load the ES modules with `require`, too: no program gets both.
 */
async function writeCommonJs() {
  const { transform } = await import('esbuild');
  const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.values(exports).flatMap(({ require }) => (require ? Object.values(require) : []));
  for (const name of reach(entries.map((entry) => path.relative('dist/cjs', entry)))) {
    const file = path.join(COMMON_JS, name);
    const code = readFileSync(path.join(ROOT, 'dist', name), 'utf8');
    mkdirSync(path.dirname(file), { recursive: true });
    // Declarations without their comments, which are half of them: editors show those of the modules.
    const text = name.endsWith('.d.ts')
      ? code.replace(/^ *\/\*\*.*?\*\/\n/gms, '')
      : (await transform(code, commonJs(name))).code;
    writeFileSync(file, text);
  }
  writeFileSync(path.join(COMMON_JS, 'package.json'), '{ "type": "commonjs" }\n');
}

/** @param {string} name of a file below dist/ */
function commonJs(name) {
  const options = { format: 'cjs', platform: 'node', target: 'node20' };
  if (name !== 'package.js') {
    // jest cannot run `import()`. Made small, since each file brings the same helpers along.
    return { ...options, minify: true, keepNames: true, supported: { 'dynamic-import': false } };
  }
  // It imports what is an ES module in any case, and looks for the package, which it would not find below dist/cjs.
  const banner = "const moduleFile = require('node:path').join(__dirname, '../package.js');";
  return { ...options, banner, define: { 'import.meta.url': 'moduleFile' } };
}

/** The files below dist/ that some of them lead to, in order: modules to modules, declarations to declarations. */
function reach(entries) {
  const reached = new Set(entries);
  for (const name of reached) {
    const code = readFileSync(path.join(ROOT, 'dist', name), 'utf8');
    for (const [, to] of code.matchAll(/(?:\bfrom |\bimport\(|\bimport )["'](\.[^"']+)\.js["']/g)) {
      reached.add(path.join(path.dirname(name), to + (name.endsWith('.d.ts') ? '.d.ts' : '.js')));
    }
  }
  return reached;
}

/**
 * Bundles the compiled command line below a folder into one script, `dist/cli/neighbor-product.cjs`: finding, reading and
 * linking its modules takes Node longer than running them. A script and not a module, which would load Node's whole
 * module loader. The bundle lies as deep as what it is made of, so paths relative to `import.meta.url` stay right.
 *
 * @param {string} root
 */
export async function writeCommandScript(root) {
  const { build: bundle } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  await bundle({
    absWorkingDir: root,
    entryPoints: ['dist/cli/main.js'],
    outfile: 'dist/cli/neighbor-product.cjs',
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    minifyWhitespace: true, // a third of the file
    minifySyntax: true,
    external: ['webgpu', 'pngjs', 'picomatch', 'sharp'],
    define: { 'import.meta.url': 'bundleUrl', PACKAGE_VERSION: JSON.stringify(version) },
    banner: { js: `${commanderLicence()}\nconst bundleUrl = require('node:url').pathToFileURL(__filename).href;` },
    plugins: [withoutChildProcess],
    logLevel: 'warning',
  });
}

/** Commander loads it at once, for subcommands that are separate programs; there are none here. */
const withoutChildProcess = {
  name: 'commander without node:child_process',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) => {
      return /[\\/]commander[\\/]/.test(importer) ? { path: 'none', namespace: 'none' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {};' }));
  },
};

/** Commander becomes part of the bundle, so its licence does, too. */
function commanderLicence() {
  const folder = path.dirname(createRequire(import.meta.url).resolve('commander'));
  return `/*!\nContains commander.\n\n${readFileSync(path.join(folder, 'LICENSE'), 'utf8').trim()}\n*/`;
}

/** Writes the manual page where package.json says that it is. */
async function writeManPage() {
  const { manPage } = await import(new URL('../dist/cli/man-page.js', import.meta.url).href);
  const { man } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  writeFileSync(path.join(ROOT, man[0]), manPage());
}

function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  process.stderr.write(`${path.basename(script)} failed, see above.\n`);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
