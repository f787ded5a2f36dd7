import { isReached, type BenchResult, type BenchUnit } from './result.js';

/** The heads of the table, in a terminal and on the page. */
export const RESULT_COLUMNS = [
  'work',
  'ours',
  'baseline',
  'times as good (spread)',
  'n',
  'must reach',
] as const;

/** One line of the table. */
export function resultCells(result: BenchResult): string[] {
  const { work, unit, ours, baseline, against, ratio, low, high, n, bound } = result;
  return [
    work,
    quantity(ours, unit),
    `${quantity(baseline, unit)}, ${against}`,
    `${figure(ratio)} (${figure(low)} to ${figure(high)})`,
    String(n),
    bound === undefined ? '' : `${figure(bound)}${isReached(result) ? '' : ' MISSED'}`,
  ];
}

/** Columns side by side, for a terminal. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => (cells[column] ?? '').length)));
  return all
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns as Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** "1.33 s", "32.1 ms", "1.46 GB", "118 MB": three digits. */
export function quantity(value: number, unit: BenchUnit): string {
  if (unit === 's') return value < 1 ? `${figure(value * 1000)} ms` : `${figure(value)} s`;
  return value < 1e9 ? `${figure(value / 1e6)} MB` : `${figure(value / 1e9)} GB`;
}

/** Three digits, but never fewer than those before the point. */
export function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
