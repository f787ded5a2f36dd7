import type { Override } from './read-config.js';

/** Settings by path, each with the values that it takes. */
export type SweepGrid = Record<string, readonly unknown[]>;

/** Where a point stands on one of the axes of its grid. */
export interface AxisPlace {
  /** The path of the setting; of several that are set together, the first. */
  axis: string;
  value: string | number;
  /** What the grid's other axes are set to, empty where it has none: `seed=7`. */
  beside: string;
}

/** One configuration of a sweep. */
export interface SweepPoint {
  /** Of its folder below the sweep's: `threshold=16`. */
  name: string;
  set: Override[];
  places: AxisPlace[];
}

/** A folder's name stays shorter than file systems allow, with the run's before it. */
const MAX_NAME = 80;

/** The points of all grids in order: the product of the values in each; points that are alike stand once. */
export function sweepPoints(grids: readonly SweepGrid[]): SweepPoint[] {
  const points = new Map<string, SweepPoint>();
  for (const grid of grids) {
    for (const steps of productOf(Object.entries(grid))) {
      const set = steps.flat();
      const key = JSON.stringify(set);
      const point = points.get(key) ?? { name: nameOf(set), set, places: [] };
      point.places.push(...placesOf(steps, grid));
      points.set(key, point);
    }
  }
  return distinct([...points.values()]);
}

/** Every combination: of each axis, the settings of one of its values. */
function productOf([first, ...rest]: readonly [string, readonly unknown[]][]): Override[][][] {
  if (first === undefined) return [[]];
  const [path, values] = first;
  return values.flatMap((value) =>
    productOf(rest).map((others) => [settingsOf(path.split('.'), value), ...others]),
  );
}

/** An object says several settings at once that only make sense together: each is set, its neighbours stay. */
function settingsOf(path: string[], value: unknown): Override[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, inner]) => settingsOf([...path, key], inner));
}

/** The axes are those of several values. */
function placesOf(steps: readonly Override[][], grid: SweepGrid): AxisPlace[] {
  const values = Object.values(grid);
  const varied = steps.flatMap(([first], index) =>
    first !== undefined && (values[index]?.length ?? 0) > 1 ? [first] : [],
  );
  return varied.map((setting) => ({
    axis: setting.path.join('.'),
    value: typeof setting.value === 'number' ? setting.value : textOf(setting.value),
    beside: varied
      .filter((other) => other !== setting)
      .map(settingText)
      .join(', '),
  }));
}

function settingText({ path, value }: Override): string {
  return `${path.at(-1) ?? ''}=${textOf(value)}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function nameOf(set: readonly Override[]): string {
  return set
    .map(settingText)
    .join(',')
    .replace(/[^\w.=,-]+/g, '-')
    .slice(0, MAX_NAME);
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
