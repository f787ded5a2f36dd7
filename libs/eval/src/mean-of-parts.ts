import { figureOfSums, withFigures } from './figure-of-sums.js';
import type { ScoredItem } from './scored-item.js';
import { summariseParts, type Statistics, type TaskScore } from './summary.js';

/** `summariseParts`, and with the whole the mean of the parts' main metrics as `<metric>_mean`: each part counts alike. */
export function withMeanOfParts(
  scored: readonly ScoredItem[],
  statistics: Statistics,
): Record<string, TaskScore> {
  const tasks = summariseParts(scored, statistics);
  const whole = tasks[statistics.benchmark];
  if (whole === undefined) return tasks;
  const parts = [...new Set(scored.map(({ item }) => item.category))];
  const columns = ({ item, scores }: ScoredItem) =>
    parts.flatMap((part) => (item.category === part ? [scores?.[0] ?? 0, 1] : [0, 0]));
  // A resample may lack a part: the others are averaged.
  const mean = (sums: readonly number[]) => {
    const means = parts.flatMap((_, i) => {
      const [sum = 0, n = 0] = sums.slice(2 * i, 2 * i + 2);
      return n === 0 ? [] : [sum / n];
    });
    return means.reduce((sum, value) => sum + value, 0) / means.length;
  };
  const figure = figureOfSums(scored, columns, mean, statistics.seed);
  return { ...tasks, [statistics.benchmark]: withFigures(whole, { [`${whole.metric}_mean`]: figure }) };
}
