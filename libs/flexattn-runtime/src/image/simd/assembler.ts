/** Instructions of WebAssembly as they lie in a module; an expression ends with its value on the stack. */
export type Code = readonly number[];

/** Types by their bytes in the binary format (WebAssembly 2.0, section 5.3). */
const TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;
type ValueType = keyof typeof TYPES;

/** A parameter or local variable of a function. */
export interface Local {
  get: Code;
  set(value: Code): Code;
}

/** A function without results whose parameters are all i32. */
export interface WasmFunction {
  name: string;
  parameters: number;
  locals: readonly ValueType[];
  body: Code;
}

/**
 * One function of a module.
 *
 * @param parameters - names of i32 parameters, in order
 * @param locals - names and types of variables, all 0 at the beginning
 * @param body - its statements, from parameters and variables by name
 */
export function wasmFunction<P extends string, L extends string>(
  name: string,
  parameters: readonly P[],
  locals: Readonly<Record<L, ValueType>>,
  body: (variables: Readonly<Record<P | L, Local>>) => readonly Code[],
): WasmFunction {
  const names = [...parameters, ...(Object.keys(locals) as L[])];
  const variables = names.map((variable, index) => [variable, localAt(index)] as const);
  return {
    name,
    parameters: parameters.length,
    locals: Object.values<ValueType>(locals),
    body: body(Object.fromEntries(variables) as Record<P | L, Local>).flat(),
  };
}

function localAt(index: number): Local {
  return { get: [0x20, index], set: (value) => [...value, 0x21, index] };
}

/** Bytes of a module that exports `functions` and imports its memory as `env.memory`. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    0x60,
    ...list(Array.from({ length: parameters }, () => [TYPES.i32])),
    0,
  ]);
  const codes = functions.map(({ locals, body }) => {
    const code = [...list(locals.map((type) => [1, TYPES[type]])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, types),
    // A memory of at least one page, without a bound.
    ...section(2, [[...text('env'), ...text('memory'), 0x02, 0x00, 0x01]]),
    ...section(
      3,
      functions.map((_, index) => unsigned(index)),
    ),
    ...section(
      7,
      functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]),
    ),
    ...section(10, codes),
  ]);
}

function section(id: number, entries: readonly Code[]): Code {
  const content = list(entries);
  return [id, ...unsigned(content.length), ...content];
}

function list(entries: readonly Code[]): Code {
  return [...unsigned(entries.length), ...entries.flat()];
}

function text(value: string): Code {
  return list([...new TextEncoder().encode(value)].map((byte) => [byte]));
}

/** LEB128 of a number that is not negative. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** LEB128 with a sign. */
function signed(value: number): Code {
  const isLast = value >= -0x40 && value < 0x40;
  return isLast ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

/** Statements over and over, for as long as `again` is not 0; once at least. */
export function repeatWhile(again: Code, ...statements: readonly Code[]): Code {
  return [0x03, 0x40, ...statements.flat(), ...again, 0x0d, 0, 0x0b];
}

type Unary = (value: Code) => Code;
type Binary = (left: Code, right: Code) => Code;
type Load = (address: Code, offset?: number) => Code;
type Store = (address: Code, value: Code, offset?: number) => Code;

const unary = (...opcode: Code): Unary => {
  return (value) => [...value, ...opcode];
};
const binary = (...opcode: Code): Binary => {
  return (left, right) => [...left, ...right, ...opcode];
};
/** Addresses need no alignment: the exponent in the code is a promise, and 0 promises nothing. */
const load = (...opcode: Code): Load => {
  return (address, offset = 0) => [...address, ...opcode, 0, ...unsigned(offset)];
};
const store = (...opcode: Code): Store => {
  return (address, value, offset = 0) => [...address, ...value, ...opcode, 0, ...unsigned(offset)];
};
const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];

/** Instructions, by their names in the specification. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value)],
  load: load(0x28),
  add: binary(0x6a),
  ltU: binary(0x49),
};

export const f32 = { store: store(0x38), load: load(0x2a), demoteF64: unary(0xb6) };

export const f64 = {
  const: (value: number): Code => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  load: load(0x2b),
  add: binary(0xa0),
  mul: binary(0xa2),
  promoteF32: unary(0xbb),
};

export const v128 = {
  const: (bytes: readonly number[]): Code => [...vector(12), ...bytes],
  load: load(...vector(0)),
  load32Splat: load(...vector(9)),
  load64Splat: load(...vector(10)),
  load64Zero: load(...vector(93)),
  store: store(...vector(11)),
  store32Lane0: ((address, value, offset = 0) => [
    ...address,
    ...value,
    ...vector(90),
    0,
    ...unsigned(offset),
    0,
  ]) as Store,
};

export const i8x16 = {
  shuffle: (left: Code, right: Code, lanes: readonly number[]): Code => [
    ...left,
    ...right,
    ...vector(13),
    ...lanes,
  ],
  swizzle: binary(...vector(14)),
  narrowI16x8U: binary(...vector(102)),
};

export const i16x8 = {
  narrowI32x4S: binary(...vector(133)),
  extendLowI8x16U: unary(...vector(137)),
  extendHighI8x16U: unary(...vector(138)),
};

export const i32x4 = {
  add: binary(...vector(174)),
  dotI16x8S: binary(...vector(186)),
  shl: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...vector(171)],
  shrS: (value: Code, bits: number): Code => [...value, ...i32.const(bits), ...vector(172)],
};

export const f32x4 = {
  sub: binary(...vector(229)),
  div: binary(...vector(231)),
  convertI32x4U: unary(...vector(251)),
  demoteF64x2Zero: unary(...vector(94)),
};

export const f64x2 = {
  add: binary(...vector(240)),
  mul: binary(...vector(242)),
  promoteLowF32x4: unary(...vector(95)),
};

/** A lane that a swizzle fills with 0. */
export const ZERO = 0x80;
/** A vector of zeros. */
export const NOTHING = v128.const(Array.from({ length: 16 }, () => 0));

/** Moves an address on. */
export const advance = (local: Local, bytes: number): Code => local.set(i32.add(local.get, i32.const(bytes)));
