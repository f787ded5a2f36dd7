/** A WebAssembly text: a word, or what stands between two brackets. */
type Node = string | readonly Node[];

/** What follows an instruction's number: nothing, an index of something, a number, or an address. */
type Immediate = 'none' | 'local' | 'global' | 'func' | 'label' | 'i32' | 'i64' | 'memory';

const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e, v128: 0x7b };
const NO_VALUE = 0x40;
const VECTOR = 0xfd;

/** The instructions that are known. Source: WebAssembly core specification 2.0, index of instructions. */
const INSTRUCTIONS: Readonly<Record<string, readonly [code: readonly number[], takes: Immediate]>> = {
  br: [[0x0c], 'label'],
  br_if: [[0x0d], 'label'],
  return: [[0x0f], 'none'],
  call: [[0x10], 'func'],
  'local.get': [[0x20], 'local'],
  'local.set': [[0x21], 'local'],
  'local.tee': [[0x22], 'local'],
  'global.get': [[0x23], 'global'],
  'global.set': [[0x24], 'global'],
  'i32.load': [[0x28], 'memory'],
  'i64.load': [[0x29], 'memory'],
  'i32.load8_u': [[0x2d], 'memory'],
  'i32.store': [[0x36], 'memory'],
  'i32.const': [[0x41], 'i32'],
  'i64.const': [[0x42], 'i64'],
  'i32.eqz': [[0x45], 'none'],
  'i32.eq': [[0x46], 'none'],
  'i32.ne': [[0x47], 'none'],
  'i32.lt_u': [[0x49], 'none'],
  'i64.ne': [[0x52], 'none'],
  'i32.ctz': [[0x68], 'none'],
  'i32.add': [[0x6a], 'none'],
  'i32.sub': [[0x6b], 'none'],
  'i32.and': [[0x71], 'none'],
  'i32.or': [[0x72], 'none'],
  'i32.xor': [[0x73], 'none'],
  'i32.shl': [[0x74], 'none'],
  'i64.and': [[0x83], 'none'],
  'v128.load': [[VECTOR, 0x00], 'memory'],
  'i8x16.splat': [[VECTOR, 0x0f], 'none'],
  'i8x16.eq': [[VECTOR, 0x23], 'none'],
  'i8x16.lt_u': [[VECTOR, 0x26], 'none'],
  'i8x16.gt_u': [[VECTOR, 0x28], 'none'],
  'v128.or': [[VECTOR, 0x50], 'none'],
  'i8x16.bitmask': [[VECTOR, 0x64], 'none'],
};

/**
 * The binary form of a WebAssembly module in the text form: one memory, globals of type i32, functions, all with names;
 * instructions in brackets around what they take, with `block`, `loop` and `if`. Throws a `SyntaxError` for anything else.
 */
export function assemble(text: string): Uint8Array<ArrayBuffer> {
  const [head, ...fields] = listOf(parse(text));
  if (head !== 'module') throw new SyntaxError(`expected (module ...), got (${String(head)}`);
  const all = (kind: string) => fields.map(listOf).filter(([first]) => first === kind);
  const [functions, globals, memories] = [all('func'), all('global'), all('memory')];
  const names = { func: functions.map(nameOf), global: globals.map(nameOf) };
  const exported = (kind: number, items: readonly (readonly Node[])[]) =>
    items.flatMap((item, i) => exportNames(item).map((name) => [...bytesOf(name), kind, ...unsigned(i)]));
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, functions.map(typeOf)),
    ...section(
      3,
      functions.map((_, i) => unsigned(i)),
    ),
    ...section(
      5,
      memories.map((memory) => [0x00, ...unsigned(Number(memory.at(-1)))]),
    ),
    ...section(
      6,
      globals.map(() => [TYPES['i32'] ?? 0, 0x01, 0x41, 0x00, 0x0b]),
    ),
    ...section(7, [...exported(0x00, functions), ...exported(0x02, memories)]),
    ...section(
      10,
      functions.map((item) => counted(bodyOf(item, names))),
    ),
  ]);
}

/** Names of what instructions refer to, by index. */
interface Names {
  func: readonly string[];
  global: readonly string[];
  local: readonly string[];
  /** Of the blocks around an instruction, the outermost first. */
  label: readonly string[];
}

function bodyOf(item: readonly Node[], names: Pick<Names, 'func' | 'global'>): number[] {
  const [parameters, locals] = [declared(item, 'param'), declared(item, 'local')];
  const scope = { ...names, local: [...parameters, ...locals].map(nameOf), label: [] };
  const types = locals.map((local) => [0x01, typeCode(local[2])]);
  const code = item.slice(1).flatMap((node) => (isDeclaration(node) ? [] : instruction(node, scope)));
  return [...unsigned(types.length), ...types.flat(), ...code, 0x0b];
}

function instruction(node: Node, names: Names): number[] {
  const [name, ...rest] = listOf(node);
  if (name === 'if') return conditional(rest, names);
  if (name === 'block' || name === 'loop') {
    const [label, ...body] = rest;
    const inner = { ...names, label: [...names.label, String(label)] };
    return [
      name === 'block' ? 0x02 : 0x03,
      NO_VALUE,
      ...body.flatMap((one) => instruction(one, inner)),
      0x0b,
    ];
  }
  const known = INSTRUCTIONS[String(name)];
  if (known === undefined) throw new SyntaxError(`unknown instruction ${String(name)}`);
  const [code, takes] = known;
  const words = rest.filter((one) => typeof one === 'string');
  const operands = rest.filter((one) => typeof one !== 'string').flatMap((one) => instruction(one, names));
  return [...operands, ...code, ...immediate(takes, words[0] ?? '', names)];
}

/** `(if (condition) (then ...) (else ...))`, which gives no value. */
function conditional([condition = '', then = '', otherwise]: readonly Node[], names: Names): number[] {
  const inner = { ...names, label: [...names.label, ''] };
  const branch = (node: Node) =>
    listOf(node)
      .slice(1)
      .flatMap((one) => instruction(one, inner));
  const behind = otherwise === undefined ? [] : [0x05, ...branch(otherwise)];
  return [...instruction(condition, names), 0x04, NO_VALUE, ...branch(then), ...behind, 0x0b];
}

function immediate(takes: Immediate, word: string, names: Names): number[] {
  if (takes === 'none') return [];
  if (takes === 'memory') return [0x00, ...unsigned(Number(word.replace('offset=', '')))];
  if (takes === 'i32' || takes === 'i64') return signed(BigInt(word));
  const index = names[takes].lastIndexOf(word);
  if (index === -1) throw new SyntaxError(`unknown ${takes} ${word}`);
  return unsigned(takes === 'label' ? names.label.length - 1 - index : index);
}

function typeOf(item: readonly Node[]): number[] {
  const codes = (kind: string) => declared(item, kind).map((one) => [typeCode(one.at(-1))]);
  return [0x60, ...vector(codes('param')), ...vector(codes('result'))];
}

/** The lists `(param $name type)`, `(local $name type)` or `(result type)` of a function. */
function declared(item: readonly Node[], kind: string): (readonly Node[])[] {
  return item.flatMap((node) => (typeof node !== 'string' && node[0] === kind ? [node] : []));
}

function isDeclaration(node: Node): boolean {
  return typeof node === 'string' || ['param', 'local', 'result', 'export'].includes(String(node[0]));
}

function exportNames(item: readonly Node[]): string[] {
  return declared(item, 'export').map(([, name]) => String(name).slice(1, -1));
}

function nameOf(item: readonly Node[]): string {
  return String(item[1]);
}

function typeCode(type: Node | undefined): number {
  const code = TYPES[String(type)];
  if (code === undefined) throw new SyntaxError(`unknown type ${String(type)}`);
  return code;
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  return [id, ...counted(vector(items))];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function counted(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function bytesOf(text: string): number[] {
  return counted([...new TextEncoder().encode(text)]);
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  const rest = value >> 7n;
  const isLast = (rest === 0n && low < 0x40) || (rest === -1n && low >= 0x40);
  return isLast ? [low] : [low | 0x80, ...signed(rest)];
}

function parse(text: string): Node {
  const open: Node[][] = [[]];
  for (const [token] of text.matchAll(/;;.*|[()]|"[^"]*"|[^\s()]+/g)) {
    if (token.startsWith(';;')) continue;
    if (token === '(') open.push([]);
    else {
      const node = token === ')' ? (open.pop() ?? []) : token;
      const parent = open.at(-1);
      if (parent === undefined) throw new SyntaxError('a bracket is closed that is not open');
      parent.push(node);
    }
  }
  const [top = []] = open;
  if (open.length !== 1 || top.length !== 1) throw new SyntaxError('expected one module in brackets');
  return top[0] ?? '';
}

function listOf(node: Node): readonly Node[] {
  if (typeof node === 'string') throw new SyntaxError(`expected a bracket, got ${node}`);
  return node;
}
