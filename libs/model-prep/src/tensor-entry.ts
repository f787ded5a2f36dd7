import { DTYPE_BYTES, isDtype } from './dtype.js';
import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import type { JsonCursor } from './json-cursor.js';

/** One entry of a safetensors header; offsets count from the end of the header, bytes. */
export interface HeaderTensor {
  name: string;
  dtype: Dtype;
  shape: number[];
  dataOffsets: [begin: number, end: number];
}

/** Dimensions. NumPy's limit (NPY_MAXDIMS); no weight has more than 5. */
const MAX_DIMENSIONS = 64;
const FIELDS = ['dtype', 'shape', 'data_offsets'];

/**
 * Consumes one tensor's entry and checks it alone: fields, dtype, and that shape x dtype is the length of its range.
 *
 * @throws ModelPrepError naming the tensor, what was expected and what was found
 */
export function parseTensorEntry(cursor: JsonCursor, name: string, file: string): HeaderTensor {
  const refuse: Refuse = (code, what) => {
    throw new ModelPrepError(code, what, { file, item: name });
  };
  const seen = new Set<string>();
  let dtype: Dtype | undefined;
  let shape: number[] | undefined;
  let dataOffsets: number[] | undefined;
  if (cursor.peek() !== '{') refuse('HEADER_NOT_JSON', `expected an object, got ${cursor.peek()}`);
  cursor.members((field) => {
    if (!FIELDS.includes(field))
      refuse('UNKNOWN_FIELD', `expected ${FIELDS.join(', ')}, got ${JSON.stringify(field)}`);
    if (seen.has(field)) refuse('DUPLICATE_NAME', `expected one ${field}, got two`);
    seen.add(field);
    if (field === 'dtype') dtype = readDtype(cursor, refuse);
    else if (field === 'shape') shape = readIntegers(cursor, 'BAD_SHAPE', field, refuse);
    else dataOffsets = readIntegers(cursor, 'BAD_OFFSETS', field, refuse);
  });
  if (dtype === undefined || shape === undefined || dataOffsets === undefined) {
    return refuse(
      'MISSING_FIELD',
      `expected ${FIELDS.join(', ')}, got only ${[...seen].join(', ') || 'nothing'}`,
    );
  }
  if (shape.length > MAX_DIMENSIONS) {
    refuse('BAD_SHAPE', `expected at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`);
  }
  const [begin, end] = dataOffsets;
  if (begin === undefined || end === undefined || dataOffsets.length !== 2 || end < begin) {
    return refuse(
      'BAD_OFFSETS',
      `expected data_offsets [begin, end] with begin <= end, got [${dataOffsets.join(', ')}]`,
    );
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
    if (begin < covered) throw new ModelPrepError('OVERLAP', what, { file, item: name });
    if (begin > covered) throw new ModelPrepError('HOLE', what, { file, item: name });
    if (end > dataBytes) {
      const hint = 'the file is incomplete: copy or download it again';
      const short = `data ends at ${end}, but the file has ${dataBytes} bytes of data`;
      throw new ModelPrepError('FILE_TRUNCATED', short, { file, item: name, hint });
    }
    covered = end;
  }
  if (covered < dataBytes) {
    const what = `expected ${covered} bytes of data, got ${dataBytes}`;
    throw new ModelPrepError('TRAILING_BYTES', what, { file });
  }
}

type Refuse = (code: ModelPrepErrorCode, what: string) => never;

function readDtype(cursor: JsonCursor, refuse: Refuse): Dtype {
  if (cursor.peek() !== '"') refuse('BAD_DTYPE', `expected a string, got ${cursor.peek()}`);
  const name = cursor.string();
  if (isDtype(name)) return name;
  return refuse(
    'BAD_DTYPE',
    `expected one of ${Object.keys(DTYPE_BYTES).join(', ')}, got ${JSON.stringify(name)}`,
  );
}

function readIntegers(cursor: JsonCursor, code: ModelPrepErrorCode, field: string, refuse: Refuse): number[] {
  const values: number[] = [];
  if (cursor.peek() !== '[') refuse(code, `expected ${field} to be an array, got ${cursor.peek()}`);
  cursor.elements(() => {
    if (!/[-0-9]/.test(cursor.peek())) refuse(code, `expected integers in ${field}, got ${cursor.peek()}`);
    const literal = cursor.number();
    if (!/^[0-9]+$/.test(literal)) refuse(code, `expected integers >= 0 in ${field}, got ${literal}`);
    if (!Number.isSafeInteger(Number(literal))) {
      refuse('NUMBER_TOO_LARGE', `expected ${field} below 2^53, got ${literal}`);
    }
    values.push(Number(literal));
  });
  return values;
}

function sizeOf(dtype: Dtype, shape: readonly number[], refuse: Refuse): number {
  // All factors but zero are at least 1, so a product that was rounded on the way stays beyond 2^53.
  const size = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
  if (Number.isSafeInteger(size)) return size;
  return refuse('NUMBER_TOO_LARGE', `expected fewer than 2^53 bytes, got ${dtype} [${shape.join(', ')}]`);
}
