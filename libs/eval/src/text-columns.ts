/** A share in percent with one digit, without the sign; null: a dash. */
export function percent(share: number | null): string {
  return share === null ? '-' : (100 * share).toFixed(1);
}

/** A difference of shares in percentage points. */
export function signed(difference: number): string {
  return `${difference < 0 ? '' : '+'}${percent(difference)}`;
}

/** Three digits, never "0.000". */
export function pValue(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** Text columns, the first `left` flush left, the others right, two spaces between. */
export function columns(headings: readonly string[], rows: readonly string[][], left: number): string {
  const lines = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => (cells[column] ?? '').length)));
  const pad = (cell: string, column: number) =>
    column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((cells) => `${cells.map(pad).join('  ').trimEnd()}\n`).join('');
}
