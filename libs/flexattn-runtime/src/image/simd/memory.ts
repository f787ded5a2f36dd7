/** Bytes behind any row that a kernel may read or write beyond its end. */
const SLACK_BYTES = 64;

/** Bytes on the next border of 16, which vectors are written up to. */
export const whole = (bytes: number) => Math.ceil(bytes / 16) * 16;

/** Places in the kernels' memory, one behind the other. */
export class Layout {
  bytes = 0;

  /** Address of so many bytes, with room behind them. */
  add(bytes: number): number {
    const at = this.bytes;
    this.bytes = whole(at + bytes + SLACK_BYTES);
    return at;
  }
}

/** The kernels' memory as numbers of each kind. */
export type Memory = ReturnType<typeof memoryOf>;

/** Views of the kernels' memory. */
export function memoryOf(buffer: ArrayBuffer) {
  return {
    bytes: new Uint8Array(buffer),
    words: new Int32Array(buffer),
    floats: new Float32Array(buffer),
    doubles: new Float64Array(buffer),
  };
}
