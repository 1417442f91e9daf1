/** Starts programs as a stranger's shell would: none of this project's surroundings, only the tools that are named. */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Circumstances {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** What npm and vitest tell the programs that they start, and what decides something in the command. */
const FOREIGN =
  /^(npm_(?!config_)|npm_config_(local|global)_prefix|INIT_CWD|NODE_|VITEST|VITE_|TEST$|DEV$|PROD$|MODE$|BASE_URL|NEIGHBOR_PRODUCT|NO_COLOR|FORCE_COLOR|LD_|VK_)/;

export function run(program: string, words: readonly string[], { cwd, env }: Circumstances): Ended {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
  const options: SpawnSyncOptions = { cwd, env: { ...own, ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const { status, error, stdout, stderr } = spawnSync(program, words, { ...options, maxBuffer: 1e8 });
  if (error) throw error;
  return { exitCode: status, stdout: String(stdout), stderr: String(stderr) };
}

/** @returns standard output */
export function must(program: string, words: readonly string[], circumstances: Circumstances): string {
  const { exitCode, stdout, stderr } = run(program, words, circumstances);
  if (exitCode === 0) return stdout;
  throw new Error(`${program} ${words.join(' ')} ended with exit code ${exitCode}:\n${(stdout + stderr).slice(-4000)}`);
}

/** The npm to check with; what it installs it takes from its cache where it can. */
export class Npm {
  readonly #cli: string;

  private constructor(cli: string) {
    this.#cli = cli;
  }

  /** @param folder where npm 11 is installed to, if the one that is there is another */
  static find(folder: string): Npm {
    const found = realpathSync(findInPath('npm'));
    if (must(process.execPath, [found, '--version'], { cwd: folder }).startsWith('11.')) return new Npm(found);
    const words = ['install', '--prefix', folder, '--prefer-offline', '--no-audit', '--no-fund', 'npm@11'];
    must(process.execPath, [found, ...words], { cwd: folder });
    return new Npm(path.join(folder, 'node_modules/npm/bin/npm-cli.js'));
  }

  static at(cli: string): Npm {
    return new Npm(cli);
  }

  get cli(): string {
    return this.#cli;
  }

  run(words: readonly string[], circumstances: Circumstances): Ended {
    return run(process.execPath, [this.#cli, ...words], circumstances);
  }

  must(words: readonly string[], circumstances: Circumstances): string {
    return must(process.execPath, [this.#cli, ...words], circumstances);
  }

  npx(words: readonly string[], circumstances: Circumstances): Ended {
    return run(process.execPath, [path.join(path.dirname(this.#cli), 'npx-cli.js'), ...words], circumstances);
  }
}

/** A PATH with Node and a shell and nothing that compiles. */
export function pathWithoutCompiler(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of ['node', 'sh']) {
    const link = path.join(folder, name);
    if (!existsSync(link)) symlinkSync(name === 'node' ? process.execPath : findInPath(name), link);
  }
  return folder;
}

function findInPath(name: string): string {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) throw new Error(`Expected ${name} in PATH, but it is not there.`);
  return found;
}
