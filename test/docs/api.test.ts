/** The reference pages (`npm run docs:api`) have every public name and a comment for each. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Application, Logger, LogLevel, type ProjectReflection, TSConfigReader, TypeDocReader } from 'typedoc';
import ts from 'typescript';
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
  const entries = Object.keys(exports).filter((entry) => exports[entry].default?.types !== undefined);
  const modules = project.children!.filter(({ children }) => children !== undefined && children.length > 0);
  expect(modules.map((module) => module.name).sort()).toEqual(
    entries.map((entry) => `${name}${entry.slice(1)}`).sort(),
  );
});

test('every optional field takes undefined: a program with exactOptionalPropertyTypes passes on what it may not have', () => {
  const entries = (project.children ?? []).length;
  const fields = publicDeclarations().flatMap(optionalFieldsIn);
  expect(fields.length).toBeGreaterThan(10 * entries);
  expect(fields.filter(({ type }) => !takesUndefined(type)).map(({ text }) => text)).toEqual([]);
});

/** Every interface and type that an entry exports. */
function publicDeclarations(): ts.Declaration[] {
  const { exports } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const declared = Object.values<{ default?: { types?: string } }>(exports).flatMap(
    (entry) => entry.default?.types ?? [],
  );
  const sources = declared.map((file) => path.join(ROOT, file.replace('/dist/', '/src/').replace('.d.ts', '.ts')));
  const program = ts.createProgram(sources, { module: ts.ModuleKind.NodeNext, types: ['node', '@webgpu/types'] });
  const checker = program.getTypeChecker();
  return sources.flatMap((name) =>
    checker
      .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(name)!)!)
      .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .flatMap(({ declarations = [] }) => declarations)
      .filter((one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)),
  );
}

interface OptionalField {
  readonly text: string;
  /** Undefined for `Partial`, whose fields never take undefined. */
  readonly type: ts.TypeNode | undefined;
}

/** At any depth: of an interface or a literal, of a mapped type, of what `Partial` makes. */
function optionalFieldsIn(node: ts.Node): OptionalField[] {
  const nested: OptionalField[] = [];
  node.forEachChild((child) => void nested.push(...optionalFieldsIn(child)));
  const text = `${path.basename(node.getSourceFile().fileName)}: ${node.getText()}`;
  if (isPartial(node)) return [{ text, type: undefined }, ...nested];
  const isField = (ts.isPropertySignature(node) || ts.isMappedTypeNode(node)) && node.questionToken !== undefined;
  return isField ? [{ text, type: node.type }, ...nested] : nested;
}

function isPartial(node: ts.Node): boolean {
  return (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) && /^Partial</.test(node.getText());
}

function takesUndefined(type: ts.TypeNode | undefined): boolean {
  if (type === undefined) return false;
  const parts: readonly ts.TypeNode[] = ts.isUnionTypeNode(type) ? type.types : [type];
  return parts.some(({ kind }) => kind === ts.SyntaxKind.UndefinedKeyword || kind === ts.SyntaxKind.UnknownKeyword);
}
