import { codePointOrder } from './code-point-order.js';
import { bytesOf, DTYPE_BYTES, isDtype } from './dtype.js';
import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { ModelPrepErrorCode } from './errors.js';
import type { Tensor } from './float32.js';
import { MAX_HEADER_BYTES } from './safetensors-header.js';
import { cut, quoted } from './shown.js';
import { MAX_DIMENSIONS, MAX_NAME_LENGTH } from './tensor-entry.js';
import type { HeaderTensor } from './tensor-entry.js';

/** A tensor to be written, without its data. */
export interface TensorShape {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
}

/** The beginning of a safetensors file, and what must follow it. */
export interface SafetensorsLayout {
  /** Length field and header, a multiple of 8 bytes. */
  header: Uint8Array;
  /** In the order in which their data follows, without gaps. */
  tensors: HeaderTensor[];
}

/**
 * Lays a safetensors file out as the reference implementation does: by dtype, wide ones first, so that every tensor is
 * aligned to its element, then by name in the order of UTF-8. The same tensors give the same bytes, in whatever order
 * they come; metadata are ordered too (the reference leaves theirs to chance).
 *
 * @throws ModelPrepError DUPLICATE_NAME, BAD_METADATA, or as the parser where the parser would refuse what is written
 */
export function layoutSafetensors(
  tensors: readonly TensorShape[],
  metadata?: Readonly<Record<string, string>>,
): SafetensorsLayout {
  const ordered = [...tensors].sort(
    (a, b) => DTYPE_RANK.indexOf(b.dtype) - DTYPE_RANK.indexOf(a.dtype) || codePointOrder(a.name, b.name),
  );
  const members: string[] = [];
  if (metadata) members.push(`"__metadata__":${formatMetadata(metadata)}`);
  const names = new Set<string>();
  let end = 0;
  const placed = ordered.map((tensor): HeaderTensor => {
    const { name, dtype, shape } = tensor;
    checkShape(tensor);
    if (names.has(name)) refuse('DUPLICATE_NAME', 'expected one tensor of this name, got two', name);
    names.add(name);
    const begin = end;
    end += bytesOf(dtype, shape);
    if (!Number.isSafeInteger(end)) refuse('NUMBER_TOO_LARGE', 'expected fewer than 2^53 bytes', name);
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
    return { name, dtype, shape: [...shape], dataOffsets: [begin, end] };
  });
  return { header: encodeHeader(`{${members.join(',')}}`), tensors: placed };
}

/**
 * A whole safetensors file in memory, for small ones. `metadata` becomes `__metadata__`; transformers asks for
 * `{ format: 'pt' }`.
 *
 * @throws ModelPrepError as `layoutSafetensors`; SIZE_MISMATCH where data and shape disagree
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const shapes = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const layout = layoutSafetensors(shapes, metadata);
  const dataStart = layout.header.byteLength;
  const placed = layout.tensors.map(({ name, dataOffsets: [begin, end] }) => {
    const data = tensors.get(name)?.data ?? new Uint8Array();
    // Before the file is allocated: a shape may promise more than there is memory.
    if (data.byteLength !== end - begin) {
      refuse('SIZE_MISMATCH', `expected ${end - begin} bytes, got ${data.byteLength}`, name);
    }
    return { data, begin };
  });
  const file = new Uint8Array(dataStart + (layout.tensors.at(-1)?.dataOffsets[1] ?? 0));
  file.set(layout.header);
  for (const { data, begin } of placed) file.set(data, dataStart + begin);
  return file;
}

const DTYPE_RANK = Object.keys(DTYPE_BYTES);
const HALF_PAIR = /\p{Surrogate}/u;

function checkShape({ name, dtype, shape }: TensorShape): void {
  if (name === '__metadata__') {
    refuse('DUPLICATE_NAME', 'expected another name: the format keeps this one for metadata', name);
  }
  if (!isDtype(dtype)) {
    refuse('BAD_DTYPE', `expected one of ${DTYPE_RANK.join(', ')}, got ${quoted(String(dtype))}`, name);
  }
  if (HALF_PAIR.test(name)) refuse('HEADER_NOT_UTF8', 'expected a name without half a surrogate pair', name);
  if (name.length > MAX_NAME_LENGTH) {
    refuse('NAME_TOO_LONG', `expected at most ${MAX_NAME_LENGTH} characters, got ${name.length}`, name);
  }
  if (shape.length > MAX_DIMENSIONS) {
    refuse('BAD_SHAPE', `expected at most ${MAX_DIMENSIONS} dimensions, got ${shape.length}`, name);
  }
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0)) {
    refuse('BAD_SHAPE', `expected integers >= 0 below 2^53, got [${shape.join(', ')}]`, name);
  }
}

function formatMetadata(metadata: Readonly<Record<string, string>>): string {
  // Joined by hand: an object would move keys that look like numbers to its front.
  const pairs = Object.entries(metadata).sort(([a], [b]) => codePointOrder(a, b));
  const members = pairs.map(([key, value]) => {
    if (HALF_PAIR.test(key) || HALF_PAIR.test(value)) {
      refuse('BAD_METADATA', `expected ${quoted(key)} without half a surrogate pair`, '__metadata__');
    }
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}

function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  // The length field has 8 bytes itself, so a padded text keeps the data aligned.
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new ModelPrepError(
      'HEADER_TOO_LARGE',
      `header of ${length} bytes, expected at most ${MAX_HEADER_BYTES}`,
    );
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}

function refuse(code: ModelPrepErrorCode, what: string, item: string): never {
  throw new ModelPrepError(code, what, { item: cut(item) });
}
