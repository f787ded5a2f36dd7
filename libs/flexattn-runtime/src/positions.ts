/** Rotary tables, row by row: `cos` and `sin` of [rows, headDim / 2]; the two halves of a head's channels share them. */
export interface RotaryRows {
  cos: Float32Array;
  sin: Float32Array;
}

/**
 * Rotary tables of the given positions, every step rounded to 32 bits as torch and NumPy do.
 *
 * @param positions - absolute, one per row
 */
export function rotaryRows(positions: ArrayLike<number>, headDim: number, theta: number): RotaryRows {
  const half = headDim / 2;
  const frequencies = Float32Array.from({ length: half }, (_, index) =>
    Math.fround(1 / Math.fround(Math.pow(theta, Math.fround((2 * index) / headDim)))),
  );
  const cos = new Float32Array(positions.length * half);
  const sin = new Float32Array(positions.length * half);
  for (let row = 0; row < positions.length; row++) {
    for (const [index, frequency] of frequencies.entries()) {
      const angle = Math.fround((positions[row] ?? 0) * frequency);
      cos[row * half + index] = Math.cos(angle);
      sin[row * half + index] = Math.sin(angle);
    }
  }
  return { cos, sin };
}

/** `count` positions from `first` on. */
export function positionsFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

/**
 * Rotary tables of the high-res tokens (SPEC section 3): those of the low-res tokens, each channel enlarged from
 * size x size to hd x hd.
 *
 * @param rows - tables of the L = size^2 low-res positions
 */
export function enlargeRotaryRows(rows: RotaryRows, size: number, hd: number): RotaryRows {
  return { cos: enlarge(rows.cos, size, hd), sin: enlarge(rows.sin, size, hd) };
}

/** [size * size, channels] -> [hd * hd, channels] by plain bicubic interpolation, columns first, then rows. */
function enlarge(table: Float32Array, size: number, hd: number): Float32Array {
  const taps = cubicTaps(size, hd);
  const channels = table.length / size ** 2;
  const wide = new Float64Array(size * hd * channels);
  for (let y = 0; y < size; y++) {
    for (const [x, row] of taps.entries()) {
      for (const { from, weight } of row)
        addScaled(wide, y * hd + x, table, y * size + from, weight, channels);
    }
  }
  const out = new Float64Array(hd * hd * channels);
  for (const [y, row] of taps.entries()) {
    for (let x = 0; x < hd; x++) {
      for (const { from, weight } of row) addScaled(out, y * hd + x, wide, from * hd + x, weight, channels);
    }
  }
  return Float32Array.from(out);
}

/** to[row] += weight * from[row'], rows of `channels` numbers. */
function addScaled(
  to: Float64Array,
  toRow: number,
  from: Float32Array | Float64Array,
  fromRow: number,
  weight: number,
  channels: number,
): void {
  for (let c = 0; c < channels; c++) {
    const at = toRow * channels + c;
    to[at] = (to[at] ?? 0) + weight * (from[fromRow * channels + c] ?? 0);
  }
}

/** Weights of one output place, by input place. */
interface Tap {
  from: number;
  weight: number;
}

/** torch's bicubic: a = -0.75, half-pixel centres, border places repeated. */
const CUBIC_A = -0.75;

/** Four taps per output place. */
function cubicTaps(inputs: number, outputs: number): Tap[][] {
  return Array.from({ length: outputs }, (_, out) => {
    const at = ((out + 0.5) * inputs) / outputs - 0.5;
    const base = Math.floor(at);
    return [-1, 0, 1, 2].map((offset) => ({
      from: Math.min(Math.max(base + offset, 0), inputs - 1),
      weight: cubicKernel(at - (base + offset)),
    }));
  });
}

function cubicKernel(distance: number): number {
  const t = Math.abs(distance);
  if (t <= 1) return (CUBIC_A + 2) * t ** 3 - (CUBIC_A + 3) * t ** 2 + 1;
  if (t < 2) return CUBIC_A * (t ** 3 - 5 * t ** 2 + 8 * t - 4);
  return 0;
}
