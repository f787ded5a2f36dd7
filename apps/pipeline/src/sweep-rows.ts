import { scoreRows, type EvalResults } from '@flexattn/eval';
import type { Json } from '@flexattn/stage';
import { tasksOf, taskTitle } from './report/tasks.js';
import type { AblationPoint } from './sweep-plot.js';
import type { SweepPoint } from './sweep-points.js';

/** The main score of one model on one task at one point of a sweep. */
export interface SweepRow {
  point: string;
  /** What the point sets, by path. */
  set: Record<string, Json>;
  model: string;
  /** As in the results: `vstar`, `vstar_direct_attributes`. */
  benchmark: string;
  /** For people: `V*: direct attributes`. */
  title: string;
  /** Whether the benchmark's parts have rows of their own. */
  hasParts: boolean;
  metric: string;
  /** Items scored. */
  n: number;
  /** 0 to 1; null where nothing was scored. */
  score: number | null;
  interval95: readonly [low: number, high: number] | null;
}

/** The main scores of a point, by task and model. */
export function sweepRows({ name, set }: SweepPoint, results: EvalResults): SweepRow[] {
  const tasks = tasksOf(results);
  const settings = settingsByPath(set);
  const rows = scoreRows(results).filter(({ isMain }) => isMain);
  return tasks.flatMap((task) =>
    rows
      .filter((row) => row.task === task.name)
      .map(({ model, metric, n, score, interval95 }) => ({
        point: name,
        set: settings,
        model,
        benchmark: task.name,
        title: taskTitle(task),
        hasParts: task.part === null && tasks.some((one) => one !== task && one.benchmark === task.name),
        metric,
        n,
        score,
        interval95,
      })),
  );
}

/** A point's settings by path. */
export function settingsByPath(set: SweepPoint['set']): Record<string, Json> {
  return Object.fromEntries(set.map(({ path, value }) => [path.join('.'), value as Json]));
}

/** The scores along each axis, the smallest tasks only: by axis, what `sweepPlot` draws. */
export function ablationPoints(
  points: readonly SweepPoint[],
  rows: readonly SweepRow[],
): Map<string, AblationPoint[]> {
  const byAxis = new Map<string, AblationPoint[]>();
  for (const { name, places } of points) {
    for (const { axis, value, beside } of places) {
      const drawn = byAxis.get(axis) ?? [];
      for (const row of rows) {
        if (row.point !== name || row.hasParts || row.score === null) continue;
        const [low, high] = row.interval95 ?? [row.score, row.score];
        const model = beside === '' ? row.model : `${row.model}, ${beside}`;
        drawn.push({ axis, value, model, benchmark: row.title, score: row.score, low, high });
      }
      byAxis.set(axis, drawn);
    }
  }
  return byAxis;
}
