/** What `npm run lint` runs: lint and formatting of TypeScript, JavaScript, JSON and C++. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CPP_FOLDERS = ['native-fallback', 'bench', 'test', 'tools'];

/** @returns {boolean} whether there is nothing to complain about */
export function lint() {
  const cppFiles = CPP_FOLDERS.flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true })
      .map((name) => path.join(folder, name))
      .filter((name) => /\.(cc|h)$/.test(name)),
  );
  const style = '--style=file:native-fallback/.clang-format';
  const results = [
    run('@biomejs/biome/bin/biome', ['check', '.']),
    run('clang-format-node/build/cli.js', ['--dry-run', '-Werror', style, ...cppFiles]),
  ];
  return results.every(Boolean);
}

function run(script, args) {
  const options = { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] };
  return spawnSync(process.execPath, [`node_modules/${script}`, ...args], options).status === 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!lint()) {
    process.stderr.write('npm run format fixes formatting.\n');
    process.exit(1);
  }
}
