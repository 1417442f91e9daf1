/** The reference pages (`npm run docs:api`) have every public name and a comment for each. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Application, Logger, LogLevel, type ProjectReflection, TSConfigReader, TypeDocReader } from 'typedoc';
import { beforeAll, expect, test } from 'vitest';
import { ROOT } from './pages.js';

class Complaints extends Logger {
  readonly all: string[] = [];

  override log(message: string, level: LogLevel): void {
    if (level >= LogLevel.Warn) this.all.push(message);
  }
}

const complaints = new Complaints();
let project: ProjectReflection;

beforeAll(async () => {
  const app = await Application.bootstrap({ options: path.join(ROOT, 'docs/typedoc.json') }, [
    new TypeDocReader(),
    new TSConfigReader(),
  ]);
  app.logger = complaints;
  project = (await app.convert())!;
  app.validate(project);
}, 60_000);

test('no public name without a comment, no link into the void, no type that is used and not exported', () => {
  expect(complaints.all).toEqual([]);
});

test('every entry of the package is a module with names in it', () => {
  const { name, exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const entries = Object.keys(exports).filter((entry) => exports[entry].types !== undefined);
  const modules = project.children!.filter(({ children }) => children !== undefined && children.length > 0);
  expect(modules.map((module) => module.name).sort()).toEqual(
    entries.map((entry) => `${name}${entry.slice(1)}`).sort(),
  );
});

test('an optional field takes undefined, which exactOptionalPropertyTypes would refuse otherwise', () => {
  const sources = [
    'image',
    'options',
    'one-call',
    'gpu/page-gpu',
    'gpu/device-transform',
    'conformance/cases',
    'conformance/suite',
  ];
  const fields = sources.flatMap((name) => {
    const declarations = readFileSync(path.join(ROOT, `dist/${name}.d.ts`), 'utf8');
    return declarations.match(/^ +readonly \w+\?: [^;]*;$/gm) ?? [];
  });
  expect(fields.length).toBeGreaterThan(10);
  expect(fields.filter((field) => !field.endsWith('| undefined;'))).toEqual([]);
});
