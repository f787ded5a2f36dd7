import type { RunComparison } from './compare-runs.js';
import { EvalError } from './errors.js';
import type { ModelResults } from './results.js';

/** What a model must keep to. */
export interface Gate {
  /**
   * Lowest scores, 0 to 1. `metric` is `<task>.<metric>`, a task's name (its main metric), or a metric's name (of every
   * task that has it).
   */
  failBelow?: readonly { metric: string; value: number }[] | undefined;
  /** A main metric that fell with a p below this fails, as does an item that only the second model failed on. */
  failOnRegression?: number | undefined;
}

/**
 * What the second model of a comparison breaks, a sentence each; none: it passes. A score that does not exist (not
 * judged, nothing scored) is below any limit. No figure of that name: `GATE_METRIC`, which lists those that there are.
 */
export function gateFailures(
  { comparisons, regressions, failed, b }: RunComparison,
  { results }: ModelResults,
  { failBelow = [], failOnRegression }: Gate,
): string[] {
  const below = failBelow.flatMap(({ metric, value }) =>
    figuresNamed(metric, results)
      .filter(({ score }) => score === null || score < value)
      .map(
        ({ name, score }) =>
          `${name} of ${b} is ${score === null ? 'not there' : percent(score)}, the limit is ${percent(value)}`,
      ),
  );
  if (failOnRegression === undefined) return below;
  const fell = regressions
    .filter(({ p }) => p < failOnRegression)
    .map(({ task, metric, difference, p }) => {
      return `${task}.${metric} of ${b} fell by ${percent(-difference)} (p = ${p.toPrecision(2)}, the limit is ${failOnRegression})`;
    });
  const lost = failed.filter((one) => one.in === 'b');
  const failures =
    lost.length === 0 ? [] : [`${b} failed on ${lost.length} more items, "${lost[0]?.id ?? ''}" first`];
  const nothing = comparisons.length === 0 ? ['no item has a score in both: nothing can be compared'] : [];
  return [...below, ...fell, ...failures, ...nothing];
}

interface Figure {
  name: string;
  score: number | null;
}

function figuresNamed(wanted: string, results: ModelResults['results']): Figure[] {
  const all = Object.entries(results).flatMap(([task, score]) =>
    Object.keys(score)
      .filter((key) => key.endsWith('_stderr'))
      .map((key) => {
        const metric = key.slice(0, -'_stderr'.length);
        const value = score[metric];
        const names = [`${task}.${metric}`, metric, ...(score.metric === metric ? [task] : [])];
        return { name: `${task}.${metric}`, names, score: typeof value === 'number' ? value : null };
      }),
  );
  const found = all.filter(({ names }) => names.includes(wanted));
  if (found.length > 0) return found;
  throw new EvalError('GATE_METRIC', `there is no figure "${wanted}"`, {
    hint: `choose of ${all.map(({ name }) => name).join(', ')}`,
  });
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
