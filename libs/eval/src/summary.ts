import {
  bootstrapInterval,
  meanOf,
  standardError,
  wilsonInterval,
  type BootstrapOptions,
  type Interval,
} from './intervals.js';
import { pictureKey } from './item.js';
import type { Metric } from './metric.js';
import { letterCounts, positionBias, type LetterCounts } from './position-bias.js';
import type { ScoredItem } from './scored-item.js';

/** How a benchmark is summed up. */
export interface Statistics {
  benchmark: string;
  protocol: string;
  metrics: readonly Metric[];
  seed: number;
}

/**
 * Scores of one task. Beside the fixed keys it has, for each metric: `<metric>` (mean, 0 to 1), `<metric>_stderr`
 * (pictures taken as units) and `<metric>_interval95`; all null where nothing was scored.
 */
export interface TaskScore {
  protocol: string;
  /** Name of the main metric. */
  metric: string;
  /** Items scored. */
  n: number;
  /** Items not scored: the model or its answer failed. */
  errors: number;
  /** Items not scored: no judge said whether the answer is right. */
  unjudged: number;
  /** Share of the scored items whose answer gave nothing to compare. */
  unparseable: number | null;
  /** Share of the scored items with an empty text. */
  empty: number | null;
  /** Share of the scored items whose text ended at the limit of new tokens. */
  cut: number | null;
  /** 95 % interval of the main metric. */
  interval95: Interval | null;
  /** How often each letter of lettered options was right and was chosen; null where no letters are chosen. */
  choices: LetterCounts | null;
  /** 0 to 1, see `positionBias`. */
  positionBias: number | null;
  [metric: string]: string | number | Interval | LetterCounts | null;
}

/** Code of an item that has an answer, but no verdict on it. */
const UNJUDGED = 'NOT_JUDGED';

/** Scores of all items under the benchmark's name and, where items have categories, of each as `<benchmark>_<category>`. */
export function summariseParts(
  scored: readonly ScoredItem[],
  statistics: Statistics,
): Record<string, TaskScore> {
  const tasks = [...partsOf(statistics.benchmark, scored, ({ item }) => item.category)];
  return Object.fromEntries(tasks.map(([task, part]) => [task, summarise(part, statistics)]));
}

/** The whole under the benchmark's name first, then `<benchmark>_<category>` in the order of the items. */
export function partsOf<T>(
  benchmark: string,
  items: readonly T[],
  categoryOf: (item: T) => string | null,
): Map<string, T[]> {
  const parts = new Map([[benchmark, [...items]]]);
  for (const one of items) {
    const category = categoryOf(one);
    if (category === null) continue;
    const task = `${benchmark}_${category}`;
    const part = parts.get(task);
    if (part === undefined) parts.set(task, [one]);
    else part.push(one);
  }
  return parts;
}

/** Mean, standard error and interval of each metric over the items that have scores. */
function summarise(scored: readonly ScoredItem[], { protocol, metrics, seed }: Statistics): TaskScore {
  const valid = scored.filter(({ scores }) => scores !== null);
  const clusters = valid.map(({ item }) => pictureKey(item.picture));
  const figures = metrics.map((metric, m) => {
    const values = valid.map(({ scores }) => scores?.[m] ?? NaN);
    return { name: metric.name, ...figureOf(metric, values, { clusters, seed }) };
  });
  const share = (holds: (one: ScoredItem) => boolean) =>
    valid.length === 0 ? null : valid.filter(holds).length / valid.length;
  const unjudged = scored.filter(({ error }) => error?.code === UNJUDGED).length;
  const choices = letterCounts(valid);
  return {
    protocol,
    metric: metrics[0]?.name ?? '',
    n: valid.length,
    errors: scored.length - valid.length - unjudged,
    unjudged,
    unparseable: share(({ extraction }) => extraction?.value == null),
    empty: share(({ text }) => text?.trim() === ''),
    cut: share((one) => one.cut),
    interval95: figures[0]?.interval95 ?? null,
    choices,
    positionBias: choices && positionBias(choices),
    ...Object.fromEntries(
      figures.flatMap(({ name, mean, stderr, interval95 }): [string, number | Interval | null][] => [
        [name, mean],
        [`${name}_stderr`, stderr],
        [`${name}_interval95`, interval95],
      ]),
    ),
  };
}

function figureOf(
  metric: Metric,
  values: readonly number[],
  options: BootstrapOptions & { clusters: string[] },
) {
  if (values.length === 0) return { mean: null, stderr: null, interval95: null };
  return {
    mean: meanOf(values),
    stderr: standardError(values, options.clusters),
    interval95: intervalOf(metric, values, options),
  };
}

/** Where all scores are 0, or all 1, resampling sees no spread at all: Wilson's interval over the pictures stands in. */
function intervalOf(
  metric: Metric,
  values: readonly number[],
  options: BootstrapOptions & { clusters: string[] },
) {
  const total = values.reduce((sum, value) => sum + value, 0);
  if (metric.kind === 'binary') return wilsonInterval(total, values.length);
  if (total !== 0 && total !== values.length) return bootstrapInterval(values, options);
  const pictures = new Set(options.clusters).size;
  return wilsonInterval(total === 0 ? 0 : pictures, pictures);
}
