import { bytesOf, DTYPE_BYTES, isDtype } from './dtype.js';
import type { Dtype } from './dtype.js';
import type { ModelPrepErrorCode } from './errors.js';
import type { JsonCursor } from './json-cursor.js';
import { refuseSafetensors } from './safetensors-error.js';
import { cut, quoted } from './shown.js';

/** One entry of a safetensors header; offsets count from the end of the header, bytes. */
export interface HeaderTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  dataOffsets: [begin: number, end: number];
}

/** Dimensions. NumPy's and PyTorch's limit; no weight has more than 5. */
export const MAX_DIMENSIONS = 64;
/** UTF-16 units. The longest name of a published model has some 200; names are repeated in indexes and messages. */
export const MAX_NAME_LENGTH = 4096;

const FIELDS = ['dtype', 'shape', 'data_offsets'];

/**
 * Consumes one tensor's entry and checks it alone: fields, dtype, and that shape x dtype is the length of its range.
 *
 * @throws ModelPrepError naming the tensor, what was expected and what was found
 */
export function parseTensorEntry(cursor: JsonCursor, name: string, file: string): HeaderTensor {
  const refuse: Refuse = (code, what) => refuseSafetensors(code, what, file, name);
  if (name.length > MAX_NAME_LENGTH) {
    refuse('NAME_TOO_LONG', `expected a name of at most ${MAX_NAME_LENGTH} characters, got ${name.length}`);
  }
  const seen = new Set<string>();
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let dataOffsets: number[] | undefined;
  if (cursor.peek() !== '{') refuse('HEADER_NOT_JSON', `expected an object, got ${cursor.found()}`);
  cursor.members((field) => {
    if (!FIELDS.includes(field)) {
      refuse('UNKNOWN_FIELD', `expected ${FIELDS.join(', ')}, got ${quoted(field)}`);
    }
    if (seen.has(field)) refuse('DUPLICATE_NAME', `expected one ${field}, got two`);
    seen.add(field);
    if (field === 'dtype') dtype = readDtype(cursor, refuse);
    else if (field === 'shape') shape = readIntegers(cursor, 'BAD_SHAPE', field, MAX_DIMENSIONS, refuse);
    else dataOffsets = readIntegers(cursor, 'BAD_OFFSETS', field, 2, refuse);
  });
  if (dtype === undefined || shape === undefined || dataOffsets === undefined) {
    const got = [...seen].join(', ') || 'nothing';
    return refuse('MISSING_FIELD', `expected ${FIELDS.join(', ')}, got only ${got}`);
  }
  const [begin, end] = dataOffsets;
  if (begin === undefined || end === undefined || end < begin) {
    const got = `[${dataOffsets.join(', ')}]`;
    return refuse('BAD_OFFSETS', `expected data_offsets [begin, end] with begin <= end, got ${got}`);
  }
  const expected = sizeOf(dtype, shape, refuse);
  if (end - begin !== expected) {
    const range = `data_offsets [${begin}, ${end}] hold ${end - begin}`;
    refuse('SIZE_MISMATCH', `${dtype} [${shape.join(', ')}] takes ${expected} bytes, but ${range}`);
  }
  return { name, dtype, shape, dataOffsets: [begin, end] };
}

/**
 * Every byte of the data belongs to one tensor: no overlap, no hole, nothing missing or left over at the end.
 *
 * @throws ModelPrepError naming the tensor at which the ranges stop fitting together
 */
export function checkLayout(tensors: readonly HeaderTensor[], dataBytes: number, file: string): void {
  const byOffset = [...tensors].sort(
    (a, b) => a.dataOffsets[0] - b.dataOffsets[0] || a.dataOffsets[1] - b.dataOffsets[1],
  );
  let covered = 0;
  for (const { name, dataOffsets } of byOffset) {
    const [begin, end] = dataOffsets;
    const what = `expected data_offsets to begin at ${covered}, got ${begin}`;
    if (begin < covered) refuseSafetensors('OVERLAP', what, file, name);
    if (begin > covered) refuseSafetensors('HOLE', what, file, name);
    if (end > dataBytes) {
      const short = `data ends at ${end}, but the file has ${dataBytes} bytes of data`;
      refuseSafetensors('FILE_TRUNCATED', short, file, name);
    }
    covered = end;
  }
  if (covered < dataBytes) {
    refuseSafetensors('TRAILING_BYTES', `expected ${covered} bytes of data, got ${dataBytes}`, file);
  }
}

type Refuse = (code: ModelPrepErrorCode, what: string) => never;

function readDtype(cursor: JsonCursor, refuse: Refuse): Dtype {
  if (cursor.peek() !== '"') refuse('BAD_DTYPE', `expected a string, got ${cursor.found()}`);
  const name = cursor.string();
  if (isDtype(name)) return name;
  return refuse('BAD_DTYPE', `expected one of ${Object.keys(DTYPE_BYTES).join(', ')}, got ${quoted(name)}`);
}

function readIntegers(
  cursor: JsonCursor,
  code: ModelPrepErrorCode,
  field: string,
  limit: number,
  refuse: Refuse,
): number[] {
  const values: number[] = [];
  if (cursor.peek() !== '[') refuse(code, `expected ${field} to be an array, got ${cursor.found()}`);
  cursor.elements(() => {
    if (!/[-0-9]/.test(cursor.peek())) refuse(code, `expected integers in ${field}, got ${cursor.found()}`);
    const literal = cursor.number();
    if (!/^[0-9]+$/.test(literal)) refuse(code, `expected integers >= 0 in ${field}, got ${cut(literal)}`);
    if (!Number.isSafeInteger(Number(literal))) {
      refuse('NUMBER_TOO_LARGE', `expected ${field} below 2^53, got ${cut(literal)}`);
    }
    if (values.length === limit) refuse(code, `expected at most ${limit} numbers in ${field}, got more`);
    values.push(Number(literal));
  });
  return values;
}

function sizeOf(dtype: Dtype, shape: readonly number[], refuse: Refuse): number {
  const size = bytesOf(dtype, shape);
  if (Number.isSafeInteger(size)) return size;
  return refuse('NUMBER_TOO_LARGE', `expected fewer than 2^53 bytes, got ${dtype} [${shape.join(', ')}]`);
}
