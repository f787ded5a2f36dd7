/**
 * Exact two-sided p-value of McNemar's test: of the items that only one of two models got right, `onlyFirst` fell to the
 * first and `onlySecond` to the second; under equal models each falls to either with 1/2. No such items: 1.
 * Computed in whole numbers, so it is the same on any machine.
 */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const n = onlyFirst + onlySecond;
  const fewer = Math.min(onlyFirst, onlySecond);
  if (onlyFirst === onlySecond) return 1;
  let term = 1n;
  let tail = 1n;
  for (let k = 1; k <= fewer; k += 1) {
    term = (term * BigInt(n - k + 1)) / BigInt(k);
    tail += term;
  }
  return overPowerOfTwo(tail, n - 1);
}

/** numerator / 2^exponent as the nearest double (0 below its range). */
function overPowerOfTwo(numerator: bigint, exponent: number): number {
  const spare = Math.max(0, numerator.toString(2).length - 64);
  let value = Number(numerator >> BigInt(spare));
  for (let left = exponent - spare; left > 0; left -= 1) value /= 2;
  return value;
}
