/** The package inside bundles for Node and for browsers, in CommonJS programs, and in jest. Bundlers that the project lacks come from npm. */
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { describeInBrowser, openPage, serveFolder } from '../web/browser.js';
import { expectProduct, installPackage, npm, PATH_WITHOUT_COMPILER, SIZE } from './installations.js';
import { type Ended, must, run } from './programs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CONSUMERS = path.join(ROOT, 'test/package/consumers');
const VITE = path.join(ROOT, 'node_modules/vite/bin/vite.js');
const TOOLS = ['webpack@5', 'rollup@4', '@rollup/plugin-node-resolve@16', 'jest@30'];
const env = { PATH: PATH_WITHOUT_COMPILER };

let folder = '';
beforeAll(() => {
  folder = installPackage('bundled');
  npm.must(['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...TOOLS], {
    cwd: folder,
  });
  for (const name of readdirSync(CONSUMERS)) copyFileSync(path.join(CONSUMERS, name), path.join(folder, name));
});

function runBundle(file: string, cwd: string): Ended & { backend: string; sync: string } {
  const ended = run(process.execPath, [file, ...SIZE], { cwd, env });
  expect(ended.exitCode, ended.stderr).toBe(0);
  const { pixels, ...rest } = JSON.parse(ended.stdout);
  expectProduct(Buffer.from(pixels, 'base64'));
  return { ...ended, ...rest };
}

/** Where it was made the addon runs; elsewhere WebAssembly, with one warning. */
function expectBundle(file: string): void {
  expect(runBundle(file, folder)).toMatchObject({ backend: 'cpu', sync: 'cpu', stderr: '' });
  const elsewhere = path.join(inject('scratch'), `elsewhere ${file.replaceAll('/', ' ')}`);
  cpSync(path.join(folder, path.dirname(file)), path.join(elsewhere, path.dirname(file)), { recursive: true });
  copyFileSync(path.join(folder, 'input.rgba'), path.join(elsewhere, 'input.rgba'));
  const { backend, sync, stderr } = runBundle(file, elsewhere);
  expect([backend, sync]).toEqual(['wasm', 'wasm']);
  expect(stderr.match(/NEIGHBOR_PRODUCT_SLOW/g)).toHaveLength(1);
  expect(stderr).toContain('neighbor-product is not installed where this bundle runs');
}

/** A script that needs the packages in the folder. */
function runScript(name: string, code: string): void {
  writeFileSync(path.join(folder, name), code);
  must(process.execPath, [name], { cwd: folder, env });
}

describe('bundles for Node', () => {
  test.each([
    ['esm', 'esbuild-esm/bundle.mjs'],
    ['cjs', 'esbuild-cjs/bundle.cjs'],
  ] as const)('esbuild, %s', async (format, outfile) => {
    const entryPoints = ['bundled.mjs'];
    const options = { absWorkingDir: folder, entryPoints, outfile, format, bundle: true, platform: 'node' } as const;
    // esbuild always warns of import.meta in CommonJS; the code expects that.
    const { warnings } = await esbuild({ ...options, logLevel: 'silent' });
    expect(warnings.filter(({ id }) => id !== 'empty-import-meta')).toEqual([]);
    expectBundle(outfile);
  });

  test('Vite, for a server', () => {
    const words = ['build', '--ssr', 'bundled.mjs', '--outDir', 'vite', '--logLevel', 'warn'];
    writeFileSync(path.join(folder, 'vite.config.mjs'), 'export default { ssr: { noExternal: true } };');
    must(process.execPath, [VITE, ...words], { cwd: folder, env });
    expectBundle('vite/bundled.mjs');
  });

  test('Rollup, modules and CommonJS', () => {
    runScript(
      'rollup.mjs',
      `import { nodeResolve } from '@rollup/plugin-node-resolve';
      import { rollup } from 'rollup';
      const onwarn = ({ message }) => { throw new Error(message); };
      const bundle = await rollup({ input: 'bundled.mjs', plugins: [nodeResolve()], external: /^node:/, onwarn });
      await bundle.write({ dir: 'rollup-es', format: 'es', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
      await bundle.write({ dir: 'rollup-cjs', format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' });`,
    );
    expectBundle('rollup-es/bundled.mjs');
    expectBundle('rollup-cjs/bundled.cjs');
  });

  test('webpack', () => {
    runScript(
      'webpack.mjs',
      `import webpack from 'webpack';
      const output = { path: import.meta.dirname + '/webpack', filename: 'bundle.cjs', chunkFilename: '[name].cjs' };
      webpack({ entry: './bundled.mjs', target: 'node20', mode: 'production', output }, (error, stats) => {
        if (error) throw error;
        if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
      });`,
    );
    // Elsewhere, too: webpack writes down where the package was.
    expect(runBundle('webpack/bundle.cjs', folder)).toMatchObject({ backend: 'cpu', sync: 'cpu', stderr: '' });
  });
});

describeInBrowser('bundles for browsers, without configuration', () => {
  /** Opens a page of the bundle's folder, which is all that the server has. */
  async function expectPage(name: string, script = '<script type="module" src="./bundle.js"></script>'): Promise<void> {
    const served = path.join(folder, name);
    if (script !== '') writeFileSync(path.join(served, 'index.html'), `<!doctype html><title>bundle</title>${script}`);
    const server = await serveFolder(served, '/');
    const { page } = await openPage(server.url);
    await page.waitForFunction('globalThis.productOf !== undefined');
    const base64 = readFileSync(path.join(folder, 'input.rgba')).toString('base64');
    expectProduct(Buffer.from(await page.evaluate<string>(`productOf('${base64}', ${SIZE})`), 'base64'));
    await page.context().close();
    await server.close();
  }

  test.each(['esm', 'iife'] as const)('esbuild, %s', async (format) => {
    const outfile = `browser-esbuild-${format}/bundle.js`;
    const { warnings } = await esbuild({
      absWorkingDir: folder,
      entryPoints: ['browser-bundled.mjs'],
      bundle: true,
      format,
      outfile,
      logLevel: 'silent',
    });
    expect(warnings).toEqual([]);
    await expectPage(path.dirname(outfile), format === 'iife' ? '<script src="./bundle.js"></script>' : undefined);
  });

  test('Vite', async () => {
    const project = path.join(folder, 'browser-vite');
    mkdirSync(project);
    copyFileSync(path.join(folder, 'browser-bundled.mjs'), path.join(project, 'page.mjs'));
    writeFileSync(path.join(project, 'index.html'), '<!doctype html><script type="module" src="./page.mjs"></script>');
    const { stderr, exitCode } = run(process.execPath, [VITE, 'build', '--logLevel', 'warn'], { cwd: project, env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    await expectPage('browser-vite/dist', '');
  });

  test('webpack', async () => {
    runScript(
      'browser-webpack.mjs',
      `import webpack from 'webpack';
      const output = { path: import.meta.dirname + '/browser-webpack', filename: 'bundle.js' };
      webpack({ entry: './browser-bundled.mjs', mode: 'production', output, performance: false }, (error, stats) => {
        if (error) throw error;
        if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
      });`,
    );
    await expectPage('browser-webpack');
  });
});

describe('CommonJS', () => {
  const copies = [
    ['as this Node takes it', [], (process.features as { require_module?: boolean }).require_module === true],
    ['as Node before 20.19 takes it', ['--no-experimental-require-module'], false],
  ] as const;

  test.each(copies)('require, %s', (_name, flags, isOneCopy) => {
    const known = flags.filter((flag) => process.allowedNodeEnvironmentFlags.has(flag));
    const { pixels, ...rest } = JSON.parse(
      must(process.execPath, [...known, 'required.cjs', ...SIZE], { cwd: folder, env }),
    );
    expectProduct(Buffer.from(pixels, 'base64'));
    expect(rest).toEqual({ backend: 'cpu', shareModules: true, conformance: 'function', isOneCopy });
  });

  test('jest, as it is', () => {
    must(process.execPath, ['node_modules/jest/bin/jest.js', 'jest.test.cjs'], { cwd: folder, env });
  });
});
