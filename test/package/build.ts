/**
 * Before all checks: a copy of what git knows, as it is in the working tree, in an empty folder; there `npm ci`, the
 * package and the archive. Nothing that lies about here can get in.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { must, Npm } from './programs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

declare module 'vitest' {
  interface ProvidedContext {
    /** The copy, with what was built in it. */
    readonly copy: string;
    /** What npm says of the package it packed, as JSON. */
    readonly packed: string;
    readonly tarball: string;
    /** Absent where there is no recipe for this platform. */
    readonly archive: string | undefined;
    readonly npmCli: string;
    /** An empty folder for what the checks install. */
    readonly scratch: string;
  }
}

export default function build({ provide }: TestProject): () => void {
  const folder = mkdtempSync(path.join(tmpdir(), 'neighbor-product-package-'));
  const copy = path.join(folder, 'copy');
  const scratch = path.join(folder, 'scratch');
  const npmFolder = path.join(folder, 'npm');
  for (const name of [copy, scratch, npmFolder]) mkdirSync(name);
  const npm = Npm.find(npmFolder);
  copyTracked(copy);
  say('npm ci');
  npm.must(['ci', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: copy });
  say('npm pack');
  const packed = npm.must(['pack', '--json', '--pack-destination', folder], { cwd: copy });
  const tarball = path.join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz'))!);
  provide('copy', copy);
  provide('packed', packed.slice(packed.indexOf('[\n')));
  provide('tarball', tarball);
  provide('archive', bundle(npm, copy, tarball));
  provide('npmCli', npm.cli);
  provide('scratch', scratch);
  return () => rmSync(folder, { recursive: true, force: true });
}

function copyTracked(copy: string): void {
  for (const name of must('git', ['ls-files', '-z'], { cwd: ROOT }).split('\0').filter(Boolean)) {
    mkdirSync(path.dirname(path.join(copy, name)), { recursive: true });
    copyFileSync(path.join(ROOT, name), path.join(copy, name));
  }
}

function bundle(npm: Npm, copy: string, tarball: string): string | undefined {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') return undefined;
  say('npm run bundle');
  npm.must(['run', 'bundle', '--', tarball], { cwd: copy });
  const folder = path.join(copy, 'bundle');
  return path.join(folder, readdirSync(folder).find((name) => name.includes('.tar.'))!);
}

function say(step: string): void {
  process.stderr.write(`${step}, in an empty folder ...\n`);
}
