import ts from 'typescript';

/** What one place raises a code with. */
export interface Raised {
  messages: string[];
  hints: string[];
  exitCode: number | undefined;
}

interface Declared {
  className: string;
  room: string;
  codes: readonly { code: string }[];
}

/** Texts of an expression, with what the parameters of the function around it stand for. */
type Bindings = ReadonlyMap<string, ts.Expression>;

const NO_BINDINGS: Bindings = new Map();

/** The package's folder that a source lies in, such as `libs/stage`. */
export const roomOf = (source: ts.SourceFile): string => source.fileName.split('/').slice(0, 2).join('/');

/**
 * The places that raise the codes of `families`, by `<class> <code>`. A code is looked for as a string literal among
 * the arguments of a call, in an object, or as a key of a table of hints. Its message and hint are those beside it,
 * else those of the function of ours that is called.
 */
export function findRaised(
  sources: readonly ts.SourceFile[],
  families: readonly Declared[],
): Map<string, Raised[]> {
  const functions = functionsByRoom(sources);
  const found = new Map<string, Raised[]>();
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node)) {
      const place = placeOf(node);
      const room = roomOf(node.getSourceFile());
      const family = families.find(({ className, room: own, codes }) => {
        const called =
          place !== undefined && ts.isNewExpression(place) ? place.expression.getText() : undefined;
        const isOurs = called?.endsWith('Error') ? called === className : own === room;
        return isOurs && codes.some(({ code }) => code === node.text);
      });
      if (place !== undefined && family !== undefined) {
        const key = `${family.className} ${node.text}`;
        found.set(key, [...(found.get(key) ?? []), raisedAt(place, node, functions.get(room) ?? new Map())]);
      }
    }
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return found;
}

type Functions = ReadonlyMap<string, readonly ts.FunctionLikeDeclaration[]>;

/** The functions of each room by name. */
function functionsByRoom(sources: readonly ts.SourceFile[]): Map<string, Functions> {
  const rooms = new Map<string, Map<string, ts.FunctionLikeDeclaration[]>>();
  for (const source of sources) {
    const names = rooms.get(roomOf(source)) ?? new Map<string, ts.FunctionLikeDeclaration[]>();
    rooms.set(roomOf(source), names);
    const add = (name: string, declared: ts.FunctionLikeDeclaration): void => {
      names.set(name, [...(names.get(name) ?? []), declared]);
    };
    const visit = (node: ts.Node): void => {
      const isNamed = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node);
      if (isNamed && node.name) add(node.name.getText(), node);
      const value = (ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)) && node.initializer;
      if (value && ts.isArrowFunction(value)) add(node.name.getText(), value);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return rooms;
}

/** The function of ours that a call means: of the same file where there is one, else the exported one. */
function calledBy(call: ts.CallExpression, functions: Functions): ts.FunctionLikeDeclaration | undefined {
  const name = call.expression.getText().replace(/^(?:this\.|machine\.)+/, '');
  for (let node: ts.Node = call; !ts.isSourceFile(node); node = node.parent) {
    if (ts.isFunctionLike(node) && node.parameters.some((one) => one.name.getText() === name))
      return undefined;
  }
  const named = functions.get(name) ?? [];
  const isExported = (one: ts.FunctionLikeDeclaration) =>
    ts.isMethodDeclaration(one) || (ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Export) !== 0;
  return named.find((one) => one.getSourceFile() === call.getSourceFile()) ?? named.find(isExported);
}

/** The call or object that a code stands in, or none where it is compared with or only named. */
function placeOf(
  literal: ts.Node,
): ts.CallExpression | ts.NewExpression | ts.ObjectLiteralExpression | undefined {
  let node = literal;
  while (ts.isConditionalExpression(node.parent) || ts.isParenthesizedExpression(node.parent))
    node = node.parent;
  const { parent } = node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) {
    const isCompared =
      ts.isCallExpression(parent) && /\b(?:includes|has|get|expect)$/.test(parent.expression.getText());
    return parent.arguments?.includes(node as ts.Expression) && !isCompared ? parent : undefined;
  }
  if (ts.isPropertyAssignment(parent) && parent.name.getText() === 'code') return parent.parent;
  return undefined;
}

function raisedAt(
  place: ts.CallExpression | ts.NewExpression | ts.ObjectLiteralExpression,
  code: ts.StringLiteral,
  functions: Functions,
): Raised {
  if (ts.isObjectLiteralExpression(place)) {
    const messages = ['what', 'message', 'detail'].flatMap((name) =>
      texts(property(place, name), NO_BINDINGS),
    );
    return { messages, hints: texts(property(place, 'hint'), NO_BINDINGS), exitCode: exitCodeOf(place) };
  }
  return raisedBy(place, code.text, NO_BINDINGS, functions, 0);
}

/** Calls of functions of ours that are followed from the place that names a code to the error's constructor. */
const MAX_CALLS = 4;

function raisedBy(
  call: ts.CallExpression | ts.NewExpression,
  code: string,
  bindings: Bindings,
  functions: Functions,
  depth: number,
): Raised {
  const values: readonly ts.Expression[] = call.arguments ?? [];
  const details = values.find(ts.isObjectLiteralExpression);
  if (ts.isNewExpression(call)) {
    return {
      messages: texts(values[1], bindings),
      hints: details === undefined ? [] : hintsOf(details, code, bindings),
      exitCode: details === undefined ? undefined : exitCodeOf(details),
    };
  }
  const called = calledBy(call, functions);
  const inner = called && depth < MAX_CALLS ? innerCall(called, values) : undefined;
  if (called === undefined || inner === undefined) {
    const messages = values.filter((value) => !isCode(value)).slice(0, 1);
    return { messages: messages.flatMap((value) => texts(value, bindings)), hints: [], exitCode: undefined };
  }
  const passed = new Map(
    called.parameters.flatMap(({ name: parameter, initializer }, index) => {
      const value = values[index] ?? initializer;
      return value === undefined ? [] : [[parameter.getText(), resolved(value, bindings)] as const];
    }),
  );
  return raisedBy(inner, code, passed, functions, depth + 1);
}

/** The call in a function's body that its code is handed on to. */
function innerCall(
  called: ts.FunctionLikeDeclaration,
  values: readonly ts.Expression[],
): ts.CallExpression | ts.NewExpression | undefined {
  const at = values.findIndex(isCode);
  const parameter = called.parameters[at]?.name.getText();
  let inner: ts.CallExpression | ts.NewExpression | undefined;
  const visit = (node: ts.Node): void => {
    const isCall = ts.isCallExpression(node) || ts.isNewExpression(node);
    if (isCall && node.arguments?.some((value) => value.getText() === parameter)) inner ??= node;
    ts.forEachChild(node, visit);
  };
  if (called.body && parameter !== undefined) visit(called.body);
  return inner;
}

const isCode = (value: ts.Expression): boolean =>
  ts.isStringLiteral(value)
    ? /^[A-Z][A-Z_]+$/.test(value.text)
    : ts.isConditionalExpression(value) && isCode(value.whenTrue);

const resolved = (value: ts.Expression, bindings: Bindings): ts.Expression =>
  (ts.isIdentifier(value) ? bindings.get(value.text) : undefined) ?? value;

function property(object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  for (const member of object.properties) {
    if (ts.isPropertyAssignment(member) && member.name.getText() === name) return member.initializer;
    if (ts.isShorthandPropertyAssignment(member) && member.name.text === name) return member.name;
  }
  return undefined;
}

function exitCodeOf(details: ts.ObjectLiteralExpression): number | undefined {
  const value = property(details, 'exitCode');
  return value !== undefined && ts.isNumericLiteral(value) ? Number(value.text) : undefined;
}

/** The texts of `hint`; where it is looked up in a table by code, that code's line, else what stands behind `??`. */
function hintsOf(details: ts.ObjectLiteralExpression, code: string, bindings: Bindings): string[] {
  const named = property(details, 'hint');
  const declared =
    named && ts.isIdentifier(named) && !bindings.has(named.text) ? initialiser(named) : undefined;
  const value = declared ?? named;
  if (value === undefined) return [];
  const [first, otherwise] = ts.isBinaryExpression(value) ? [value.left, value.right] : [value, undefined];
  if (!ts.isElementAccessExpression(first)) return texts(value, bindings);
  const table = initialiser(first.expression);
  const line = table && ts.isObjectLiteralExpression(table) ? property(table, code) : undefined;
  return texts(line ?? otherwise, bindings);
}

/** Every text that an expression can be, names looked up where they are declared once; empty where none is known. */
function texts(value: ts.Expression | undefined, bindings: Bindings): string[] {
  if (value === undefined) return [];
  if (ts.isStringLiteralLike(value)) return [value.text];
  if (ts.isParenthesizedExpression(value)) return texts(value.expression, bindings);
  if (ts.isConditionalExpression(value))
    return [value.whenTrue, value.whenFalse].flatMap((one) => texts(one, bindings));
  if (ts.isTemplateExpression(value)) {
    const spans = value.templateSpans.map(
      ({ expression, literal }) => `${shown(expression, bindings)}${literal.text}`,
    );
    return [`${value.head.text}${spans.join('')}`];
  }
  if (ts.isBinaryExpression(value) && value.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const right = texts(value.right, bindings);
    return texts(value.left, bindings).flatMap((left) => right.map((end) => left + end));
  }
  if (!ts.isIdentifier(value)) return [];
  const bound = bindings.get(value.text);
  return texts(bound ?? initialiser(value), bound === undefined ? bindings : NO_BINDINGS);
}

/** A value in a message: its text where it is always the same, else its name between angles. */
function shown(value: ts.Expression, bindings: Bindings): string {
  const known = ts.isIdentifier(value) ? texts(value, bindings) : [];
  if (known.length === 1) return known[0] ?? '';
  const name = /^[\w.]*?(\w+)(?:\(.*\))?$/s.exec(value.getText())?.[1];
  return `<${name ?? '...'}>`;
}

/** What a name is declared as: the nearest declaration before it in an enclosing block. */
function initialiser(name: ts.Expression): ts.Expression | undefined {
  if (!ts.isIdentifier(name)) return undefined;
  for (let scope: ts.Node | undefined = name; scope; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      const declared = statement.declarationList.declarations.find((one) => one.name.getText() === name.text);
      if (declared) return declared.initializer;
    }
  }
  return undefined;
}
