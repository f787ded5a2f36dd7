import { join, relative } from 'node:path';
import ts from 'typescript';
import { findRaised, roomOf, type Raised } from './raised-errors.js';

/** One code of one lib: what its union says of it, and what the places that raise it say. */
export interface ErrorCode {
  code: string;
  /** The comment above the code in its union, without the remedy. */
  meaning: string;
  /** What follows `Remedy:` in that comment, else the hints of the places that raise it. */
  remedies: string[];
  /** What it is raised with; `<name>` stands for a value. */
  messages: string[];
  exitCodes: number[];
}

/** The codes of one error class, in the order of its union. */
export interface ErrorFamily {
  /** The class, such as `StageError`. */
  className: string;
  /** The package's folder, such as `libs/stage`. */
  room: string;
  codes: ErrorCode[];
}

const REMEDY = /\s*\bRemedy: /;
/** A helper that passes its code on has no words of its own. */
const IS_CODE = /^[A-Z_]+$/;
/** What an error exits with unless the place that raises it says otherwise (`ErrorDetails.exitCode`). */
const DEFAULT_EXIT = 2;

/** Every code of every error class below `root`'s libs and apps, read from the sources alone. */
export function collectErrorCodes(root: string): ErrorFamily[] {
  const sources = ['libs', 'apps']
    .flatMap((folder) =>
      ts.sys.readDirectory(join(root, folder), ['.ts'], ['**/dist', '**/*.spec.ts', '**/e2e']),
    )
    .map((file) => relative(root, file))
    .filter((file) => /^\w+\/[\w-]+\/src\//.test(file) && !/\.(?:fixture|d)\.ts$/.test(file))
    .sort()
    .map((file) => {
      const text = ts.sys.readFile(join(root, file)) ?? '';
      return ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
    });
  const declared = sources.flatMap(familiesOf);
  const raised = findRaised(sources, declared);
  return declared.map((family) => ({
    ...family,
    codes: family.codes.map((code) => completed(code, raised.get(`${family.className} ${code.code}`) ?? [])),
  }));
}

function completed(declared: ErrorCode, raised: readonly Raised[]): ErrorCode {
  const own = declared.remedies;
  const exitCodes = unique(raised.map(({ exitCode }) => exitCode ?? DEFAULT_EXIT));
  return {
    ...declared,
    remedies: own.length > 0 ? own : unique(raised.flatMap(({ hints }) => hints)),
    messages: unique(raised.flatMap(({ messages }) => messages)).filter((text) => !IS_CODE.test(text)),
    exitCodes: raised.length === 0 ? [DEFAULT_EXIT] : exitCodes.sort((a, b) => a - b),
  };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];

/** The classes of one file that extend `FlexattnError<Codes>`, with their codes; a union may name another one. */
function familiesOf(source: ts.SourceFile): ErrorFamily[] {
  const unions = new Map(
    source.statements.filter(ts.isTypeAliasDeclaration).map((alias) => [alias.name.text, alias.type]),
  );
  return source.statements.filter(ts.isClassDeclaration).flatMap((declaration) => {
    const base = declaration.heritageClauses?.[0]?.types[0];
    const codes = base?.typeArguments?.[0];
    if (base?.expression.getText() !== 'FlexattnError' || codes === undefined) return [];
    return [{ className: declaration.name?.text ?? '', room: roomOf(source), codes: codesOf(codes, unions) }];
  });
}

function codesOf(type: ts.TypeNode, unions: ReadonlyMap<string, ts.TypeNode>): ErrorCode[] {
  if (ts.isUnionTypeNode(type)) return type.types.flatMap((part) => codesOf(part, unions));
  if (ts.isTypeReferenceNode(type)) {
    const named = unions.get(type.typeName.getText());
    return named === undefined ? [] : codesOf(named, unions);
  }
  if (!ts.isLiteralTypeNode(type) || !ts.isStringLiteral(type.literal)) return [];
  const [meaning = '', ...remedies] = commentAbove(type).split(REMEDY);
  return [{ code: type.literal.text, meaning, remedies, messages: [], exitCodes: [] }];
}

/** The text of the doc comment right before a member of a union. */
function commentAbove(member: ts.TypeNode): string {
  const before = member.getSourceFile().text.slice(0, member.getStart());
  const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*\|?\s*$/.exec(before)?.[1] ?? '';
  return comment
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}
