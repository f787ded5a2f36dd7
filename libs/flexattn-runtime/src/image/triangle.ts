/** Weights of one output place: those of the inputs from `first` on, 32-bit as the reference holds them. */
export interface TriangleWindow {
  first: number;
  weights: Float32Array;
}

/**
 * Bilinear, antialiased resize of square planes (SPEC section 2, step 3): a triangle filter, half-pixel centres.
 *
 * @param planes - [count, from, from]
 * @returns [count, to, to]
 */
export function resizeTriangle(planes: Float32Array, from: number, to: number): Float32Array {
  if (from === to) return planes;
  const count = planes.length / from ** 2;
  const windows = triangleWindows(from, to);
  const tall = new Float32Array(count * to * from);
  // Row by row, as they lie in memory; summed in 64 bits, as one column's sum would be.
  const sums = new Float64Array(from);
  for (let plane = 0; plane < count; plane++) {
    for (const [y, { first, weights }] of windows.entries()) {
      sums.fill(0);
      for (const [tap, weight] of weights.entries()) {
        const row = (plane * from + first + tap) * from;
        for (let x = 0; x < from; x++) sums[x] = (sums[x] ?? 0) + (planes[row + x] ?? 0) * weight;
      }
      tall.set(sums, (plane * to + y) * from);
    }
  }
  const out = new Float32Array(count * to * to);
  for (let row = 0; row < count * to; row++) {
    for (const [x, { first, weights }] of windows.entries())
      out[row * to + x] = dot(tall, row * from + first, weights);
  }
  return out;
}

function dot(values: Float32Array, from: number, weights: Float32Array): number {
  let sum = 0;
  for (let tap = 0; tap < weights.length; tap++) sum += (values[from + tap] ?? 0) * (weights[tap] ?? 0);
  return sum;
}

/** For every output place, the inputs that it is made of; the weights are views of one array. */
export function triangleWindows(inputs: number, outputs: number): TriangleWindow[] {
  const scale = inputs / outputs;
  const support = Math.max(scale, 1);
  const most = 2 * Math.ceil(support) + 1;
  const raw = new Float64Array(most);
  const all = new Float32Array(outputs * most);
  return Array.from({ length: outputs }, (_, out) => {
    const centre = scale * (out + 0.5);
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const taps = Math.min(Math.trunc(centre + support + 0.5), inputs) - first;
    let total = 0;
    for (let tap = 0; tap < taps; tap++) {
      const weight = Math.max(0, 1 - Math.abs((first + tap - centre + 0.5) / support));
      raw[tap] = weight;
      total += weight;
    }
    const weights = all.subarray(out * most, out * most + taps);
    for (let tap = 0; tap < taps; tap++) weights[tap] = (raw[tap] ?? 0) / total;
    return { first, weights };
  });
}
