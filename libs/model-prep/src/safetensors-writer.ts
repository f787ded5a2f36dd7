import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import { ModelPrepError } from './errors.js';
import type { Tensor } from './float32.js';
import { naturalOrder } from './natural-order.js';
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
 * Lays a safetensors file out: wide dtypes first, so that every tensor is aligned to its element, then natural order
 * of names. The same tensors give the same bytes, in whatever order they come.
 *
 * @throws ModelPrepError DUPLICATE_NAME
 */
export function layoutSafetensors(
  tensors: readonly TensorShape[],
  metadata: Readonly<Record<string, string>> = {},
): SafetensorsLayout {
  const ordered = [...tensors].sort(
    (a, b) => DTYPE_BYTES[b.dtype] - DTYPE_BYTES[a.dtype] || naturalOrder(a.name, b.name),
  );
  const entries = new Map<string, unknown>();
  const keys = Object.keys(metadata).sort(naturalOrder);
  if (keys.length > 0)
    entries.set('__metadata__', Object.fromEntries(keys.map((key) => [key, metadata[key]])));
  let end = 0;
  const placed = ordered.map(({ name, dtype, shape }): HeaderTensor => {
    if (entries.has(name) || name === '__metadata__') {
      throw new ModelPrepError('DUPLICATE_NAME', 'expected one tensor of this name, got two', { item: name });
    }
    const begin = end;
    end += shape.reduce((product, n) => product * n, DTYPE_BYTES[dtype]);
    entries.set(name, { dtype, shape, data_offsets: [begin, end] });
    return { name, dtype, shape: [...shape], dataOffsets: [begin, end] };
  });
  return { header: encodeHeader(entries), tensors: placed };
}

/**
 * A whole safetensors file in memory, for small ones. `metadata` becomes `__metadata__`; transformers asks for
 * `{ format: 'pt' }`.
 *
 * @throws ModelPrepError DUPLICATE_NAME; SIZE_MISMATCH where data and shape disagree
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const shapes = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const layout = layoutSafetensors(shapes, metadata);
  const dataStart = layout.header.byteLength;
  const file = new Uint8Array(dataStart + (layout.tensors.at(-1)?.dataOffsets[1] ?? 0));
  file.set(layout.header);
  for (const { name, dataOffsets } of layout.tensors) {
    const [begin, end] = dataOffsets;
    const data = tensors.get(name)?.data;
    if (data?.byteLength !== end - begin) {
      const what = `expected ${end - begin} bytes, got ${data?.byteLength ?? 0}`;
      throw new ModelPrepError('SIZE_MISMATCH', what, { item: name });
    }
    file.set(data, dataStart + begin);
  }
  return file;
}

function encodeHeader(entries: ReadonlyMap<string, unknown>): Uint8Array {
  // Joined by hand: an object would move names that look like numbers to its front.
  const members = [...entries].map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  const text = new TextEncoder().encode(`{${members.join(',')}}`);
  // The length field has 8 bytes itself, so a padded text keeps the data aligned.
  const length = Math.ceil(text.byteLength / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(text, 8);
  return header;
}
