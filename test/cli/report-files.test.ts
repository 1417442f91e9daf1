import { symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { benchPlot } from '../../src/bench/plot.js';
import { BENCH_PLOT, CONFORMANCE_PAGE, prepareReport, prepareTrace } from '../../src/cli/report-files.js';
import { traceJson } from '../../src/cli/trace.js';
import { reportHtml } from '../../src/conformance/report-html.js';
import { REPORT } from '../bench/reports.js';
import { makeFailingReport } from '../conformance/subjects.js';
import { folderWith, PNG_FILE } from './command.js';
import { requestOf } from './requests.js';

const DEVICES = { kind: 'devices', request: {} } as const;

const KINDS = [
  [
    '--report',
    async () => reportHtml(await makeFailingReport()),
    (file: string) => prepareReport(undefined, file, CONFORMANCE_PAGE),
  ],
  ['--plot', async () => benchPlot(REPORT), (file: string) => prepareReport(undefined, file, BENCH_PLOT)],
  [
    '--trace',
    async () => traceJson([], 'neighbor-product devices --trace trace.json'),
    (file: string) => prepareTrace(file, DEVICES as never),
  ],
] as const;

describe.each(KINDS)('%s', (option, render, prepare) => {
  test('may replace an earlier one, an empty file, or none', async () => {
    const folder = folderWith({ earlier: await render(), empty: '' });
    for (const name of ['earlier', 'empty', 'new']) await prepare(path.join(folder, name));
  });

  test.each(KINDS.filter(([other]) => other !== option))('does not replace that of %s', async (_, renderOther) => {
    const folder = folderWith({ other: await renderOther() });
    await expect(prepare(path.join(folder, 'other'))).rejects.toMatchObject({ code: 'INVALID_OPTION' });
  });

  test.each([
    ['an image', PNG_FILE],
    ['a text', 'neighbor-product conformance'],
    ["somebody's page", '<!doctype html><title>Holidays</title>'],
    ["somebody's drawing", '<svg xmlns="http://www.w3.org/2000/svg"></svg>'],
    ["somebody's JSON", '{"displayTimeUnit":"ms"}'],
  ])('does not replace %s, also behind a link', async (_, content) => {
    const folder = folderWith({ other: content });
    symlinkSync('other', path.join(folder, 'link'));
    for (const name of ['other', 'link']) {
      await expect(prepare(path.join(folder, name))).rejects.toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(
          new RegExp(
            `^Expected a new file or an? \\w+ of this command for ${option}, but '.*${name}' is another file\\. Name another one, or delete it first\\.$`,
          ),
        ),
      });
    }
  });

  test.runIf(process.platform === 'linux')('goes to a device as it is', () => prepare('/dev/null'));

  test.each(['', '-'])("names no file: '%s'", async (name) => {
    await expect(prepare(name)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: `Expected the path of a file for ${option}, but received '${name}' (string).`,
    });
  });
});

test('a trace does not replace an image of its own run', async () => {
  const folder = folderWith({ 'in.png': PNG_FILE });
  const request = requestOf(path.join(folder, 'in.png'), '-o', path.join(folder, 'out.png'));
  for (const name of ['in.png', 'out.png']) {
    writeFileSync(path.join(folder, 'out.png'), '');
    await expect(prepareTrace(path.join(folder, name), { kind: 'transform', request })).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('is the same file as'),
    });
  }
});
