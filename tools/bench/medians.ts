/** Median and span of some seconds, for people. */
export function span(times: readonly number[]): string {
  const [low, high] = [Math.min(...times), Math.max(...times)];
  return `${median(times).toFixed(3)} s (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

/** The middle one, or the mean of the two in the middle. */
export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
