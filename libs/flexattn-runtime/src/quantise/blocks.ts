/** How weights are stored, in the terms of ONNX Runtime's `MatMulNBits`. */
export interface QuantiseFormat {
  bits: 4 | 8;
  /** Neighbouring weights of one row that share a scale. */
  blockSize: 32 | 128;
  /** No zero points: a stored number stands for its distance from 2^(bits - 1). */
  symmetric: boolean;
}

/** Rows of a weight matrix [rows, columns] as `MatMulNBits` reads them. */
export interface QuantisedRows {
  /** [rows, blocks, blockSize * bits / 8]; of two 4-bit numbers in a byte the first is the lower half. */
  values: Uint8Array;
  /** [rows, blocks]. */
  scales: Float32Array;
  /** [rows, blocks * bits / 8, rounded up], packed as the values are; empty where the format is symmetric. */
  zeroPoints: Uint8Array;
  /** Sums of the squares of the weights, and of what quantising changed. */
  squares: number;
  errorSquares: number;
}

/** Blocks of one row; the last one is filled up with zeros. */
export function blocksPerRow(columns: number, { blockSize }: QuantiseFormat): number {
  return Math.ceil(columns / blockSize);
}

/** Bytes of one row's values and zero points. */
export function rowBytes(columns: number, format: QuantiseFormat): { values: number; zeroPoints: number } {
  const blocks = blocksPerRow(columns, format);
  return {
    values: (blocks * format.blockSize * format.bits) / 8,
    zeroPoints: format.symmetric ? 0 : Math.ceil((blocks * format.bits) / 8),
  };
}

/**
 * Rounds rows of weights to `bits`, block by block.
 *
 * @param weights - [rows, columns], finite
 */
export function quantiseRows(weights: Float32Array, columns: number, format: QuantiseFormat): QuantisedRows {
  const { bits, blockSize, symmetric } = format;
  const rows = weights.length / columns;
  const blocks = blocksPerRow(columns, format);
  const bytes = rowBytes(columns, format);
  const values = new Uint8Array(rows * bytes.values);
  const scales = new Float32Array(rows * blocks);
  const zeroPoints = new Uint8Array(rows * bytes.zeroPoints);
  // Writing to it rounds and clamps to 0..255 in one instruction.
  const stored = new Uint8ClampedArray(blockSize);
  let [squares, errorSquares] = [0, 0];
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const begin = row * columns + block * blockSize;
      const end = Math.min(begin + blockSize, (row + 1) * columns);
      const range = rangeOf(weights, begin, end);
      const { scale, zeroPoint } = symmetric ? symmetricScale(range, bits) : rangeScale(range, bits);
      scales[row * blocks + block] = scale;
      if (!symmetric) put(zeroPoints, row * bytes.zeroPoints, block, zeroPoint, bits);
      stored.fill(zeroPoint);
      const sums = roundBlock(weights, begin, end, { scale, zeroPoint, most: 2 ** bits - 1 }, stored);
      squares += sums.squares;
      errorSquares += sums.errorSquares;
      const target = row * bytes.values + (block * blockSize * bits) / 8;
      if (bits === 8) values.set(stored, target);
      else packHalves(stored, values, target);
    }
  }
  return { values, scales, zeroPoints, squares, errorSquares };
}

/** The numbers nearest to `weights / scale + zeroPoint`, 0 to `most`. */
function roundBlock(
  weights: Float32Array,
  begin: number,
  end: number,
  { scale, zeroPoint, most }: { scale: number; zeroPoint: number; most: number },
  stored: Uint8ClampedArray,
): { squares: number; errorSquares: number } {
  const inverse = scale === 0 ? 0 : 1 / scale;
  let [squares, errorSquares] = [0, 0];
  for (let at = begin; at < end; at++) {
    const weight = weights[at] ?? 0;
    stored[at - begin] = Math.min(weight * inverse + zeroPoint, most);
    const error = weight - ((stored[at - begin] ?? 0) - zeroPoint) * scale;
    squares += weight * weight;
    errorSquares += error * error;
  }
  return { squares, errorSquares };
}

/** Two 4-bit numbers a byte, the first in the lower half. */
function packHalves(stored: Uint8ClampedArray, out: Uint8Array, from: number): void {
  for (let at = 0; at < stored.length; at += 2) {
    out[from + (at >> 1)] = (stored[at] ?? 0) | ((stored[at + 1] ?? 0) << 4);
  }
}

/** What `MatMulNBits` multiplies with: [rows, columns]. */
export function dequantiseRows(
  { values, scales, zeroPoints }: QuantisedRows,
  columns: number,
  format: QuantiseFormat,
): Float32Array {
  const { bits, blockSize, symmetric } = format;
  const blocks = blocksPerRow(columns, format);
  const bytes = rowBytes(columns, format);
  const rows = scales.length / blocks;
  const out = new Float32Array(rows * columns);
  for (let at = 0; at < out.length; at++) {
    const row = Math.floor(at / columns);
    const block = Math.floor((at % columns) / blockSize);
    const zeroPoint = symmetric ? 2 ** (bits - 1) : get(zeroPoints, row * bytes.zeroPoints, block, bits);
    const stored = get(values, row * bytes.values, at % columns, bits);
    out[at] = (stored - zeroPoint) * (scales[row * blocks + block] ?? 0);
  }
  return out;
}

/** The weight farthest from zero gets the number farthest from the middle, 0, whatever its sign; so no number is lost. */
function symmetricScale({ least, greatest }: Range, bits: number): { scale: number; zeroPoint: number } {
  const middle = 2 ** (bits - 1);
  return { scale: Math.fround((greatest > -least ? greatest : least) / -middle), zeroPoint: middle };
}

/** The range of the weights, with zero in it, is spread over all numbers. */
function rangeScale({ least, greatest }: Range, bits: number): { scale: number; zeroPoint: number } {
  const scale = Math.fround((greatest - least) / (2 ** bits - 1));
  return { scale, zeroPoint: scale === 0 ? 0 : Math.round(-least / scale) };
}

/** Least and greatest weight of a block; zero is always between them. */
interface Range {
  least: number;
  greatest: number;
}

function rangeOf(weights: Float32Array, begin: number, end: number): Range {
  let [least, greatest] = [0, 0];
  for (let at = begin; at < end; at++) {
    const weight = weights[at] ?? 0;
    if (weight < least) least = weight;
    if (weight > greatest) greatest = weight;
  }
  return { least, greatest };
}

/** Writes the number at `index` of those packed from byte `begin` on. */
function put(bytes: Uint8Array, begin: number, index: number, value: number, bits: number): void {
  if (bits === 8) {
    bytes[begin + index] = value;
    return;
  }
  const at = begin + (index >> 1);
  bytes[at] = (bytes[at] ?? 0) | (value << (index % 2 === 0 ? 0 : 4));
}

function get(bytes: Uint8Array, begin: number, index: number, bits: number): number {
  if (bits === 8) return bytes[begin + index] ?? 0;
  return ((bytes[begin + (index >> 1)] ?? 0) >> (index % 2 === 0 ? 0 : 4)) & 15;
}
