import type { Override } from './read-config.js';

/** Settings by path, each with the values that it takes. */
export type SweepGrid = Record<string, readonly unknown[]>;

/** One configuration of a sweep. */
export interface SweepPoint {
  /** Of its folder below the sweep's: `threshold=16`. */
  name: string;
  set: Override[];
}

/** A folder's name stays shorter than file systems allow, with the run's before it. */
const MAX_NAME = 80;

/** The points of all grids in order: the product of the values in each; points that are alike stand once. */
export function sweepPoints(grids: readonly SweepGrid[]): SweepPoint[] {
  const points = new Map<string, SweepPoint>();
  for (const grid of grids) {
    for (const set of productOf(Object.entries(grid))) {
      const key = JSON.stringify(set);
      if (!points.has(key)) points.set(key, { name: nameOf(set), set });
    }
  }
  return distinct([...points.values()]);
}

function productOf([first, ...rest]: readonly [string, readonly unknown[]][]): Override[][] {
  if (first === undefined) return [[]];
  const [path, values] = first;
  return values.flatMap((value) =>
    productOf(rest).map((others) => [{ path: path.split('.'), value }, ...others]),
  );
}

function nameOf(set: readonly Override[]): string {
  const text = set.map(({ path, value }) => `${path.at(-1) ?? ''}=${valueText(value)}`).join(',');
  return text.replace(/[^\w.=,-]+/g, '-').slice(0, MAX_NAME);
}

function valueText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key}-${valueText(inner)}`)
    .join('-');
}

/** Names that came out alike get a number. */
function distinct(points: readonly SweepPoint[]): SweepPoint[] {
  const seen = new Map<string, number>();
  return points.map((point) => {
    const count = (seen.get(point.name) ?? 0) + 1;
    seen.set(point.name, count);
    return count === 1 ? point : { ...point, name: `${point.name}-${count}` };
  });
}
