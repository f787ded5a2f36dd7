import type { Comparison } from './compare.js';
import { publishedFigures } from './published-figures.js';
import { scoreRows, type EvalResults, type ScoreRow } from './results.js';
import { columns, percent, pValue, signed } from './text-columns.js';

/**
 * Scores in percent with number of items and 95 % interval for each model, then the differences between models, as text
 * for a terminal. Every line ends in a newline.
 */
export function formatScoreTable(results: EvalResults): string {
  const rows = scoreRows(results);
  const headings = [
    'benchmark',
    'metric',
    'model',
    'n',
    'score',
    '95 % interval',
    'unparseable',
    'empty',
    'cut',
    'errors',
  ];
  const isJudged = rows.every(({ unjudged }) => unjudged === 0);
  const cells = rows.map((row) => [...scoreCells(row), ...(isJudged ? [] : [String(row.unjudged)])]);
  const scores = columns([...headings, ...(isJudged ? [] : ['not judged'])], withoutRepeats(cells), 3);
  const main = new Set(rows.filter(({ isMain }) => isMain).map(({ task, metric }) => `${task} ${metric}`));
  const pairs = results.comparisons.filter(({ task, metric }) => main.has(`${task} ${metric}`));
  const compared = ['benchmark', 'compared', 'n', 'difference', '95 % interval', 'p'];
  const differences = pairs.length === 0 ? [] : [columns(compared, withoutRepeats(pairs.map(pairCells)), 2)];
  return [
    scores,
    ...differences,
    ...letterLines(results),
    ...publishedLines(results),
    ...faultLines(results),
    ...results.warnings.map((warning) => `warning: ${warning}\n`),
  ].join('\n');
}

/** Items that are in no score, by the code that says why. */
function faultLines({ models, rejects, errors }: EvalResults): string[] {
  const counted = (who: string, byBenchmark: Readonly<Record<string, Record<string, number>>>) =>
    Object.entries(byBenchmark).flatMap(([benchmark, codes]) =>
      Object.entries(codes).map(([code, count]) => [benchmark, who, code, String(count)]),
    );
  const rows = [
    ...counted('not asked', rejects),
    ...models.flatMap((one) => counted(one, errors[one] ?? {})),
  ];
  return rows.length === 0 ? [] : [columns(['benchmark', 'without score', 'code', 'items'], rows, 3)];
}

/** Where models chose letters: how often each, beside how often it was right. */
function letterLines({ models, results }: EvalResults): string[] {
  const rows = models.flatMap((model) =>
    Object.entries(results[model] ?? {}).flatMap(([task, { choices, positionBias }]) => {
      if (choices === null) return [];
      const letters = Object.entries(choices).map(
        ([letter, { right, chosen }]) => `${letter} ${chosen}/${right}`,
      );
      return [[task, model, percent(positionBias), letters.join(', ')]];
    }),
  );
  return rows.length === 0
    ? []
    : [columns(['benchmark', 'model', 'position bias', 'letters chosen/right'], rows, 2)];
}

/** The paper's figures, where protocol and data are the same. */
function publishedLines(results: EvalResults): string[] {
  const figures = publishedFigures(results).map((one) => [
    one.task,
    ...[one.llava, one.llavaHd, one.crossAttention, one.flexAttention].map((figure) => figure.toFixed(1)),
  ]);
  const headings = ['published (7B)', 'LLaVA 336 px', 'HD 448 px', 'XAttn 1008 px', 'FlexAttn 1008 px'];
  return figures.length === 0 ? [] : [columns(headings, figures, 1)];
}

function scoreCells(row: ScoreRow): string[] {
  const [low, high] = row.interval95 ?? [null, null];
  return [
    row.task,
    row.metric,
    row.model,
    String(row.n),
    percent(row.score),
    row.interval95 === null ? '-' : `${percent(low)} to ${percent(high)}`,
    ...[row.unparseable, row.empty, row.cut].map((share) => (share === null ? '-' : `${percent(share)} %`)),
    String(row.errors),
  ];
}

function pairCells({ task, a, b, n, difference, interval95, p }: Comparison): string[] {
  const [low, high] = interval95;
  return [task, `${b} - ${a}`, String(n), signed(difference), `${signed(low)} to ${signed(high)}`, pValue(p)];
}

/** Rows whose first cells equal those of the row above show them once. */
function withoutRepeats(rows: readonly string[][]): string[][] {
  return rows.map((row, i) => {
    const above = rows[i - 1];
    if (above?.[0] !== row[0]) return row;
    const sameMetric = row.length > 6 && above?.[1] === row[1];
    return row.map((cell, column) => (column === 0 || (column === 1 && sameMetric) ? '' : cell));
  });
}
