/** Signals at every moment: what ends at once, what is finished, and what is left on the disk. */
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../../src/conformance/images.js';
import { softwareGpuExists } from '../../tools/software-gpu.mjs';
import { encodePng } from '../encode-png.js';
import { ended, folderWith, listing, PNG_FILE, run, spawnCommand, testImage } from './command.js';

const filesIn = (folder: string) => listing(folder).filter((name) => statSync(path.join(folder, name)).isFile());

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends even the reference at once and leaves nothing',
  async (signal) => {
    const cwd = folderWith({ 'in.png': encodePng(testImage(500, 500)) });
    const child = spawnCommand(['in.png', '-o', 'out.png', '--backend', 'reference', '--passes', '1000'], { cwd });
    const end = ended(child);
    await Promise.race([sleep(1500), end]);
    child.kill(signal);
    expect(await end).toMatchObject({ exitCode: null, signal, stderr: '' });
    expect(listing(cwd)).toEqual(['in.png']);
  },
  20_000,
);

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s while writing leaves no temporary file',
  async (signal) => {
    const cwd = folderWith({ 'in.png': PNG_FILE });
    mkdirSync(path.join(cwd, 'out'));
    const before = `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    fs.rename = () => {
      process.stderr.write('at rename\\n');
      return new Promise((resolve) => setTimeout(resolve, 60_000));
    };
    syncBuiltinESMExports();
  `;
    const child = spawnCommand(['in.png', '-o', 'out/', '-q'], { cwd, before });
    const end = ended(child);
    await Promise.race([once(child.stderr!, 'data'), end]);
    expect(listing(path.join(cwd, 'out'))).toEqual([expect.stringMatching(/\.tmp$/)]);
    child.kill(signal);
    expect(await end).toMatchObject({ exitCode: null, signal, stderr: 'at rename\n' });
    expect(listing(path.join(cwd, 'out'))).toEqual([]);
  },
  20_000,
);

/** Of several files, all but the first get their names once there is a file of this name. */
const GO = 'go';
const SLOW_RENAMES = `
    import { existsSync } from 'node:fs';
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const { rename } = fs;
    fs.rename = async (from, to) => {
      if (to.endsWith('a.png')) return rename(from, to);
      process.stderr.write('@');
      while (!existsSync('${GO}')) await new Promise((resolve) => setTimeout(resolve, 5));
      return rename(from, to);
    };
    syncBuiltinESMExports();
  `;

const INTERRUPTED = 'warning: Interrupted. The files under way are finished; interrupt again to end at once.\n';

/** Interrupts the command once two of its files are being written, and when it has said so interrupts it again or lets them be. */
async function interrupted(signal: NodeJS.Signals, isAgain: boolean) {
  const names = ['a.png', 'b.png', 'c.png', 'd.png', 'e.png', 'f.png'];
  const cwd = folderWith(Object.fromEntries(names.map((name) => [name, PNG_FILE])));
  mkdirSync(path.join(cwd, 'out'));
  const words = [...names, '-o', 'out/', '--backend', 'cpu', '--jobs', '2'];
  const child = spawnCommand(words, { cwd, before: SLOW_RENAMES });
  const end = ended(child);
  let text = '';
  let isStopped = false;
  child.stderr!.on('data', (part) => {
    text += part;
    if (!isStopped && text.split('@').length === 3) isStopped = child.kill(signal);
    if (!text.includes(INTERRUPTED)) return;
    if (isAgain) child.kill(signal);
    else writeFileSync(path.join(cwd, GO), '');
  });
  return { ...(await end), written: listing(path.join(cwd, 'out')) };
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s lets the files under way finish, and begins no other',
  async (signal) => {
    const { stderr, written, ...how } = await interrupted(signal, false);
    expect(how).toMatchObject({ exitCode: null, signal });
    expect(written).toEqual(['a.png', 'b.png', 'c.png']);
    expect(stderr).toContain(INTERRUPTED);
    expect(stderr).toMatch(/^3 done, 3 not begun {2}/m);
  },
  20_000,
);

test.runIf(softwareGpuExists)(
  'SIGINT ends a run that uses a GPU by the signal, too',
  async () => {
    const names = Array.from({ length: 30 }, (_, at) => `${at}.png`);
    const cwd = folderWith(Object.fromEntries(names.map((name) => [name, PNG_FILE])));
    const child = spawnCommand([...names, '-o', 'out/', '--backend', 'gpu', '--jobs', '1', '--json', '-q'], { cwd });
    child.stdout!.once('data', () => child.kill('SIGINT'));
    const { stdout, ...how } = await ended(child);
    expect(how).toMatchObject({ exitCode: null, signal: 'SIGINT' });
    expect(JSON.parse(stdout.toString().trimEnd().split('\n').at(-1)!).notBegun).toBeGreaterThan(0);
  },
  60_000,
);

test('a second SIGINT ends at once, and leaves what was written and no temporary file', async () => {
  const { written, ...how } = await interrupted('SIGINT', true);
  expect(how).toMatchObject({ exitCode: null, signal: 'SIGINT' });
  expect(written).toEqual(['a.png']);
}, 20_000);

/** How often a process is stopped, by each signal. */
const STOPS = Number(process.env.NEIGHBOR_PRODUCT_KILLS ?? 4);

describe.runIf(process.platform !== 'win32')('stopped at any moment, a run is continued by --skip-existing', () => {
  const names = Array.from({ length: 24 }, (_, at) => `in/${at % 4}/${at}.png`);
  const images = Object.fromEntries(
    names.map((name, at) => [name, encodePng(makeImage('photograph', 200 + 10 * at, 150, 4, at))]),
  );
  const args = 'in -o out --skip-existing -q'.split(' ');

  test.each(['SIGINT', 'SIGKILL'] as const)(
    `${STOPS} times by %s: every byte as if it had not been`,
    async (signal) => {
      const whole = folderWith(images);
      const startMs = performance.now();
      expect(await run(args, { cwd: whole })).toMatchObject({ exitCode: 0 });
      const wholeMs = performance.now() - startMs;
      const out = filesIn(path.join(whole, 'out'));
      expect(out).toHaveLength(names.length);
      let [stopped, partial] = [0, 0];
      // On a busy machine a run may be stopped before its first file each time: then more of them are.
      for (let stop = 0; stop < STOPS || (partial === 0 && stop < 5 * STOPS); stop++) {
        const cwd = folderWith(images);
        const child = spawnCommand(args, { cwd });
        const end = ended(child);
        await sleep((wholeMs * ((stop % STOPS) + 0.5)) / STOPS);
        child.kill(signal);
        stopped += (await end).signal === signal ? 1 : 0;
        const written = existsSync(path.join(cwd, 'out')) ? filesIn(path.join(cwd, 'out')) : [];
        const complete = written.filter((name) => !name.endsWith('.tmp'));
        if (signal === 'SIGINT') expect(written).toEqual(complete);
        partial += complete.length > 0 && complete.length < names.length ? 1 : 0;
        expect(await run(args, { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
        expect(filesIn(path.join(cwd, 'out'))).toEqual(out);
        for (const name of out) {
          const [actual, expected] = [cwd, whole].map((folder) => readFileSync(path.join(folder, 'out', name)));
          expect(Buffer.compare(actual, expected), name).toBe(0);
        }
      }
      expect(stopped).toBeGreaterThan(0);
      expect(partial, 'runs that had done a part').toBeGreaterThan(0);
    },
    5 * STOPS * 30_000,
  );
});
