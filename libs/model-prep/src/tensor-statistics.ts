import { DTYPE_BYTES } from './dtype.js';
import type { Dtype } from './dtype.js';
import { toFloat32 } from './float32.js';

/** What `--stats` says about a tensor; infinities count, NaN does not. */
export interface TensorStatistics {
  /** Undefined where every value is NaN, or there is none. */
  min: number | undefined;
  max: number | undefined;
  mean: number | undefined;
  nan: number;
}

/** Numbers in memory, of whatever type. */
type Numbers = ArrayLike<number | bigint>;

const VIEWS: Partial<Record<Dtype, (data: ArrayBuffer) => Numbers>> = {
  F64: (data) => new Float64Array(data),
  I8: (data) => new Int8Array(data),
  I16: (data) => new Int16Array(data),
  I32: (data) => new Int32Array(data),
  I64: (data) => new BigInt64Array(data),
  U8: (data) => new Uint8Array(data),
  U16: (data) => new Uint16Array(data),
  U32: (data) => new Uint32Array(data),
  U64: (data) => new BigUint64Array(data),
  BOOL: (data) => new Uint8Array(data),
};

/** The values of whole elements; undefined for a dtype whose values are not told (float8, complex). */
export function valuesOf(dtype: Dtype, data: Uint8Array): Numbers | undefined {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') {
    return toFloat32({ dtype, shape: [data.byteLength / DTYPE_BYTES[dtype]], data });
  }
  // A copy: its place in memory fits every view.
  return VIEWS[dtype]?.(data.slice().buffer);
}

/** Gathers statistics piece by piece. */
export class StatisticsCollector {
  private min = Infinity;
  private max = -Infinity;
  private sum = 0;
  private count = 0;
  private nan = 0;

  /** @param values any part of a tensor's elements */
  add(values: Numbers): void {
    for (let i = 0; i < values.length; i++) {
      const value = Number(values[i]);
      if (Number.isNaN(value)) this.nan++;
      else {
        this.count++;
        this.sum += value;
        if (value < this.min) this.min = value;
        if (value > this.max) this.max = value;
      }
    }
  }

  result(): TensorStatistics {
    const { count, nan } = this;
    if (count === 0) return { min: undefined, max: undefined, mean: undefined, nan };
    return { min: this.min, max: this.max, mean: this.sum / count, nan };
  }
}
