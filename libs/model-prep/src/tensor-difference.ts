/** How far the values of two tensors of one shape are apart. */
export interface ValueDifference {
  /** Elements whose values differ; NaN equals NaN. */
  differing: number;
  elements: number;
  /** The largest |a - b|; NaN where one of both is NaN. */
  maxAbsolute: number;
  /** Norm of the difference over the norm of A; 0 / 0 counts as 0. */
  relative: number;
}

/** Gathers the difference of two tensors piece by piece. */
export class DifferenceCollector {
  private differing = 0;
  private elements = 0;
  private maxAbsolute = 0;
  private squaredDifference = 0;
  private squaredNorm = 0;

  /** Equally many values of both, at the same places. */
  add(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): void {
    this.elements += a.length;
    for (let i = 0; i < a.length; i++) {
      const [left, right] = [Number(a[i]), Number(b[i])];
      this.squaredNorm += left * left;
      if (Object.is(left, right) || left === right) continue;
      this.differing++;
      const distance = Math.abs(left - right);
      this.squaredDifference += distance * distance;
      // Math.max keeps NaN.
      this.maxAbsolute = Math.max(this.maxAbsolute, distance);
    }
  }

  result(): ValueDifference {
    const { differing, elements, maxAbsolute, squaredDifference } = this;
    const relative = squaredDifference === 0 ? 0 : Math.sqrt(squaredDifference / this.squaredNorm);
    return { differing, elements, maxAbsolute, relative };
  }
}
