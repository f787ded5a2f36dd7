import type { Comparison } from './compare.js';
import { scoreRows, type EvalResults, type ScoreRow } from './results.js';

/**
 * Scores in percent with number of items and 95 % interval for each model, then the differences between models, as text
 * for a terminal. Every line ends in a newline.
 */
export function formatScoreTable(results: EvalResults): string {
  const scores = columns(
    ['benchmark', 'metric', 'model', 'n', 'score', '95 % interval', 'unparseable', 'empty', 'errors'],
    withoutRepeats(scoreRows(results).map(scoreCells)),
    3,
  );
  const main = new Set(
    scoreRows(results)
      .filter(({ isMain }) => isMain)
      .map(({ task, metric }) => `${task} ${metric}`),
  );
  const pairs = results.comparisons.filter(({ task, metric }) => main.has(`${task} ${metric}`));
  if (pairs.length === 0) return scores;
  const headings = ['benchmark', 'compared', 'n', 'difference', '95 % interval', 'p'];
  return `${scores}\n${columns(headings, withoutRepeats(pairs.map(pairCells)), 2)}`;
}

function scoreCells(row: ScoreRow): string[] {
  const [low, high] = row.interval95 ?? [null, null];
  return [
    row.task,
    row.metric,
    row.model,
    String(row.n),
    percent(row.score),
    `${percent(low)} to ${percent(high)}`,
    `${percent(row.unparseable)} %`,
    `${percent(row.empty)} %`,
    String(row.errors),
  ];
}

function pairCells({ task, a, b, n, difference, interval95, p }: Comparison): string[] {
  const [low, high] = interval95;
  return [
    task,
    `${b} - ${a}`,
    String(n),
    signed(difference),
    `${signed(low)} to ${signed(high)}`,
    p < 0.001 ? '< 0.001' : p.toFixed(3),
  ];
}

function percent(share: number | null): string {
  return share === null ? '-' : (100 * share).toFixed(1);
}

function signed(difference: number): string {
  return `${difference < 0 ? '' : '+'}${percent(difference)}`;
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

/** Text columns, the first `left` flush left, the others right, two spaces between. */
function columns(headings: readonly string[], rows: readonly string[][], left: number): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const pad = (cell: string, column: number) =>
    column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((cells) => `${cells.map(pad).join('  ').trimEnd()}\n`).join('');
}
