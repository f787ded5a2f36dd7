import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import { readExactly } from './byte-source.js';
import type { ByteSource } from './byte-source.js';
import type { StoredTensor } from './strided-view.js';

/** Bytes of one piece; a tensor of any size passes through this much memory. */
export const PIECE_BYTES = 8 * 1024 * 1024;
/** Bytes of a strided view that are read at once, those between its elements included. */
const WINDOW_BYTES = 32 * 1024 * 1024;
/** Bytes from which on a window of mostly unwanted bytes is split: a read costs about as much as copying these. */
const SMALL_BYTES = 64 * 1024;
/** Of the bytes of a window, one in so many must be wanted. */
const SPARSE = 8;

/**
 * The elements of a tensor, row-major and little-endian whatever its view, in pieces of at most 8 MiB.
 *
 * @throws ModelPrepError FILE_TRUNCATED
 */
export async function* tensorBytes(
  source: ByteSource,
  tensor: StoredTensor,
  file: string,
): AsyncGenerator<Uint8Array, undefined> {
  const { byteOffset, byteLength, view, dtype, shape } = tensor;
  if (view === undefined) {
    yield* denseBytes(source, byteOffset, byteLength, file);
    return;
  }
  const inOrder = view.byteOrder === 'big' ? (piece: Uint8Array) => swapped(piece, dtype) : undefined;
  const pieces = isRowMajor(shape, view.stride)
    ? denseBytes(source, byteOffset, byteLength, file)
    : gatheredBytes(source, tensor, view.stride, file);
  for await (const piece of pieces) yield inOrder?.(piece) ?? piece;
}

/** The bytes [begin, begin + length) in pieces of at most 8 MiB, not to be changed. */
export async function* denseBytes(
  source: ByteSource,
  begin: number,
  length: number,
  file: string,
): AsyncGenerator<Uint8Array, undefined> {
  for (let at = begin; at < begin + length; at += PIECE_BYTES) {
    yield await readExactly(source, at, Math.min(at + PIECE_BYTES, begin + length), file);
  }
}

/** Whether elements follow each other in the order of their indices. The stride of a dimension of 1 means nothing. */
export function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const n = shape[i] ?? 1;
    if (n === 1) continue;
    if (stride[i] !== expected) return false;
    expected *= n;
  }
  return true;
}

/** A dimension: number of indices, bytes from one to the next in the file and in the piece. */
interface Dimension {
  n: number;
  from: number;
  to: number;
}

/** A part of a tensor that is one piece; begins in bytes. */
interface Block {
  dimensions: Dimension[];
  from: number;
  to: number;
  /** Of its elements; of one element. */
  bytes: number;
  width: number;
}

async function* gatheredBytes(
  source: ByteSource,
  { shape, dtype, byteOffset }: StoredTensor,
  stride: readonly number[],
  file: string,
): AsyncGenerator<Uint8Array, undefined> {
  for (const block of blocksOf(shape, stride, DTYPE_BYTES[dtype])) {
    const piece = new Uint8Array(block.bytes);
    await gather(source, byteOffset, block, piece, file);
    yield piece;
  }
}

/** The tensor in blocks of at most 8 MiB, in the order of its elements: ranges of the first dimension that is small enough. */
function* blocksOf(shape: readonly number[], stride: readonly number[], width: number): Generator<Block> {
  const inner = (depth: number): number => shape.slice(depth + 1).reduce((product, n) => product * n, width);
  const split = shape.findIndex((_, depth) => inner(depth) <= PIECE_BYTES);
  const rows = Math.max(1, Math.floor(PIECE_BYTES / inner(split)));
  const outer = shape.slice(0, split).reduce((product, n) => product * n, 1);
  for (let index = 0; index < outer; index++) {
    let from = 0;
    for (let depth = split - 1, rest = index; depth >= 0; depth--) {
      const n = shape[depth] ?? 1;
      from += (rest % n) * (stride[depth] ?? 0) * width;
      rest = Math.floor(rest / n);
    }
    const total = shape[split] ?? 1;
    for (let row = 0; row < total; row += rows) {
      const n = Math.min(rows, total - row);
      const sizes = [n, ...shape.slice(split + 1)];
      const dimensions = sizes.map((size, i): Dimension => {
        const depth = split + i;
        return { n: size, from: (stride[depth] ?? 0) * width, to: inner(depth) };
      });
      const begin = from + row * (stride[split] ?? 0) * width;
      yield { dimensions, from: begin, to: 0, bytes: n * inner(split), width };
    }
  }
}

/** Copies a block's elements into `piece`; splits it until what must be read for it is small, or mostly wanted. */
async function gather(
  source: ByteSource,
  byteOffset: number,
  block: Block,
  piece: Uint8Array,
  file: string,
): Promise<void> {
  const { dimensions, from, width } = block;
  const extent = dimensions.reduce((sum, { n, from }) => sum + (n - 1) * from, width);
  const isWorthReading = extent <= SMALL_BYTES || (extent <= WINDOW_BYTES && block.bytes * SPARSE >= extent);
  if (isWorthReading) {
    const begin = byteOffset + from;
    copyElements(await readExactly(source, begin, begin + extent, file), piece, block);
    return;
  }
  const longest = dimensions.reduce((a, b) => ((b.n - 1) * b.from > (a.n - 1) * a.from ? b : a));
  const half = longest.n >> 1;
  for (const [first, n] of [
    [0, half],
    [half, longest.n - half],
  ] as const) {
    const part: Block = {
      dimensions: dimensions.map((dimension) => (dimension === longest ? { ...longest, n } : dimension)),
      from: from + first * longest.from,
      to: block.to + first * longest.to,
      bytes: (block.bytes / longest.n) * n,
      width,
    };
    await gather(source, byteOffset, part, piece, file);
  }
}

/** `window` begins with the block's first element. */
function copyElements(window: Uint8Array, piece: Uint8Array, { dimensions, to, width }: Block): void {
  const copy = (depth: number, from: number, to: number): void => {
    const dimension = dimensions[depth];
    if (dimension === undefined) {
      for (let i = 0; i < width; i++) piece[to + i] = window[from + i] ?? 0;
      return;
    }
    for (let i = 0; i < dimension.n; i++) copy(depth + 1, from + i * dimension.from, to + i * dimension.to);
  };
  copy(0, 0, to);
}

/** A copy with the other byte order. A complex number is two floats. */
function swapped(bytes: Uint8Array, dtype: Dtype): Uint8Array {
  const unit = dtype === 'C64' ? 4 : DTYPE_BYTES[dtype];
  const result = new Uint8Array(bytes.byteLength);
  for (let at = 0; at < result.length; at += unit) {
    for (let i = 0; i < unit; i++) result[at + i] = bytes[at + unit - 1 - i] ?? 0;
  }
  return result;
}
