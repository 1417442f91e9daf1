import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { traceJson } from '../../src/cli/trace.js';
import { createImage } from '../../src/image.js';
import type { Span } from '../../src/span.js';
import { encodePng } from '../encode-png.js';
import { folderWith, run } from './command.js';

interface Event {
  readonly ph: 'M' | 'X';
  readonly tid: number;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: Record<string, unknown>;
}

function eventsOf(text: string): Event[] {
  return JSON.parse(text).traceEvents;
}

/** The names of the spans, by the name of their track. */
function namesByTrack(events: readonly Event[]): Record<string, string[]> {
  const tracks = events.filter(({ name }) => name === 'thread_name');
  return Object.fromEntries(
    tracks.map(({ tid, args }) => [
      args!.name,
      events.filter((event) => event.ph === 'X' && event.tid === tid).map(({ name }) => name),
    ]),
  );
}

test('a span is a complete event in microseconds, in a thread named after its track', () => {
  const spans: Span[] = [
    { name: 'decode', track: 'main', startMs: 1, endMs: 1.5 },
    { name: 'pass 1', track: 'CPU thread 1', startMs: 2, endMs: 4, details: { rows: '1 to 32' } },
    { name: 'encode', track: 'main', startMs: 5, endMs: 6 },
  ];
  const trace = JSON.parse(traceJson(spans, 'neighbor-product in.png -o out.png'));
  expect(trace.otherData).toEqual({ command: 'neighbor-product in.png -o out.png' });
  expect(trace.traceEvents.filter(({ ph }: Event) => ph === 'X')).toEqual([
    { ph: 'X', pid: 1, tid: 1, name: 'decode', ts: 1000, dur: 500 },
    { ph: 'X', pid: 1, tid: 2, name: 'pass 1', ts: 2000, dur: 2000, args: { rows: '1 to 32' } },
    { ph: 'X', pid: 1, tid: 1, name: 'encode', ts: 5000, dur: 1000 },
  ]);
  expect(namesByTrack(trace.traceEvents)).toEqual({ main: ['decode', 'encode'], 'CPU thread 1': ['pass 1'] });
});

test('the transform: every step in its order, and the work of each thread', async () => {
  const folder = folderWith({ 'in.png': encodePng(createImage(300, 200, 4)) });
  const ended = await run('in.png -o out.png --backend cpu --threads 1 --trace trace.json'.split(' '), { cwd: folder });
  expect(ended).toMatchObject({ exitCode: 0 });
  const events = eventsOf(readFileSync(path.join(folder, 'trace.json'), 'utf8'));
  const tracks = namesByTrack(events);
  // Several steps of a name: the first of each counts.
  const steps = [...new Set(tracks.main)];
  expect(steps.toSorted((a, b) => startOf(events, a) - startOf(events, b))).toEqual([
    'start Node',
    'load the command',
    'load codec and backend',
    'read in.png',
    'decode',
    'transform',
    'choose the backend',
    'encode',
    'write out.png',
  ]);
  // 198 rows are computed, in chunks of 32.
  expect(tracks['CPU thread 1']).toEqual(Array(7).fill('compute'));
  for (const { ts, dur } of events.filter(({ ph }) => ph === 'X')) {
    expect(ts).toBeGreaterThanOrEqual(0);
    expect(dur).toBeGreaterThanOrEqual(0);
  }
  const transform = events.find(({ name }) => name === 'transform')!;
  for (const chunk of events.filter(({ name }) => name === 'compute')) {
    expect(chunk.ts).toBeGreaterThanOrEqual(transform.ts);
    expect(chunk.ts + chunk.dur).toBeLessThanOrEqual(transform.ts + transform.dur);
  }
});

test.each([
  ['devices', ['devices', '--json'], /^list devices$/],
  ['conformance', ['conformance', '--backend', 'cpu', '--filter', 'fixture/', '--json'], /^fixture\//],
  [
    'bench',
    'bench --sizes 16x16 --kinds flat --repeat 1 --backend reference --json'.split(' '),
    /^neighbor-product ref/,
  ],
])('the command %s', async (_, args, name) => {
  const cwd = folderWith({});
  const ended = await run([...args, '--trace', 'trace.json'], { cwd });
  expect(ended).toMatchObject({ exitCode: 0 });
  JSON.parse(ended.stdout.toString());
  const names = eventsOf(readFileSync(path.join(cwd, 'trace.json'), 'utf8')).map((event) => event.name);
  expect(names.filter((text) => name.test(text)).length).toBeGreaterThan(0);
});

test('a command that fails writes its trace, too, and keeps its exit code', async () => {
  const cwd = folderWith({ 'in.png': new Uint8Array(10) });
  expect(await run('in.png -o out.png --trace trace.json'.split(' '), { cwd })).toMatchObject({ exitCode: 3 });
  expect(eventsOf(readFileSync(path.join(cwd, 'trace.json'), 'utf8')).map(({ name }) => name)).toContain('read in.png');
});

test.each([
  ['an input', 'a.png b.png -o o/ --trace ./a.png', 2],
  ['an output', 'a.png -o out.png --trace out.png', 2],
  ['an output in a new folder', 'a.png b.png -o o/ --trace o/a.png', 2],
  ['standard output', 'a.png -o - --trace -', 2],
  ['nothing', 'a.png -o out.png --trace=', 2],
  ['a missing folder', 'a.png -o out.png --trace no/trace.json', 5],
  ['a record that is read', 'conformance --replay record.json --trace record.json', 2],
  ['a page that is written', 'conformance --quick --backend cpu --report page.html --trace page.html', 2],
  ['a report that is read', 'bench --from record.json --trace record.json', 2],
])('a trace that is %s is refused before anything runs', async (_, args, exitCode) => {
  const png = encodePng(createImage(9, 9, 4));
  const files = { 'a.png': png, 'b.png': png, 'record.json': '{}' };
  const cwd = folderWith(files);
  expect(await run(args.split(' '), { cwd })).toMatchObject({ exitCode });
  expect(readdirSync(cwd).filter((name) => name !== 'o')).toEqual(Object.keys(files));
  for (const [name, content] of Object.entries(files)) {
    expect(Buffer.compare(readFileSync(path.join(cwd, name)), Buffer.from(content))).toBe(0);
  }
  for (const name of existsSync(path.join(cwd, 'o')) ? readdirSync(path.join(cwd, 'o')) : []) expect.fail(name);
});

test.each([['conformance --replay record.json --report record.json'], ['bench --from record.json --plot record.json']])(
  '%s: a report does not overwrite what is read',
  async (args) => {
    const cwd = folderWith({ 'record.json': '{}' });
    const ended = await run(args.split(' '), { cwd });
    expect(ended).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('same file') });
    expect(readFileSync(path.join(cwd, 'record.json'), 'utf8')).toBe('{}');
  },
);

function startOf(events: readonly Event[], name: string): number {
  return events.find((event) => event.name === name)!.ts;
}
