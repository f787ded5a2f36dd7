/** A scale from 0 that covers `max`: its end, and marks at 1, 2 or 5 times a power of ten, about `count` of them. */
export function scaleTo(max: number, count: number): { end: number; ticks: number[] } {
  if (!(max > 0)) return { end: 1, ticks: [0, 1] };
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const steps = Math.ceil(max / step - 1e-9);
  const ticks = Array.from({ length: steps + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  return { end: ticks[steps] ?? max, ticks };
}
