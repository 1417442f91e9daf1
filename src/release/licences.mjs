/** The licence texts of everything in the archive. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} archive the folder that will be packed; its packages are in place */
export function collectLicences(archive) {
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
    throw new Error(`Expected a licence text in ${name}, but there is none. Add it to licences.mjs.`);
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
