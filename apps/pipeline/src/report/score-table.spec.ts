import type { ScoreRow } from '@flexattn/eval';
import { describe, expect, it } from 'vitest';
import { scoreTable } from './score-table.js';

const row = (model: string, more: Partial<ScoreRow>): ScoreRow => ({
  task: 'vstar',
  metric: 'accuracy_plain',
  isMain: true,
  model,
  n: 1910,
  errors: 0,
  unjudged: 0,
  score: 0.545,
  stderr: 0.03,
  interval95: [0.475, 0.614],
  unparseable: 0,
  empty: 0,
  cut: 0,
  ...more,
});

/** The texts of a table's cells, by line. */
function cellsOf(rows: readonly ScoreRow[]): string[][] {
  const { markup } = scoreTable(['a', 'b'], [{ name: 'vstar', benchmark: 'vstar', part: null }], rows);
  const lines = markup.slice(markup.indexOf('<tbody>')).split('</tr>').slice(0, -1);
  return lines.map((line) =>
    [...line.matchAll(/<td>(.*?)<\/td>/gs)].map(([, cell = '']) =>
      cell
        .replace(/<[^>]+>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim(),
    ),
  );
}

describe('scoreTable', () => {
  it('tells n once where the models share it', () => {
    expect(cellsOf([row('a', {}), row('b', { score: 0.4, interval95: null })])).toEqual([
      ['1,910', '54.5 47.5 to 61.4', '40.0'],
    ]);
  });

  it('tells n of each model where they differ, and what failed or could not be read', () => {
    expect(cellsOf([row('a', {}), row('b', { n: 1900, errors: 10, unparseable: 0.25 })])).toEqual([
      ['', '54.5 47.5 to 61.4 n = 1,910', '54.5 47.5 to 61.4 n = 1,900 25.0 % unreadable 10 failed'],
    ]);
  });

  it('has no score where there is none', () => {
    expect(
      cellsOf([row('a', {}), row('b', { n: 0, errors: 7, score: null, interval95: null })])[0]?.[2],
    ).toBe('– 7 failed');
  });

  it('has a line for each further metric', () => {
    const further = { metric: 'strict', isMain: false, score: 0.1, interval95: null };
    const rows = [row('a', {}), row('a', further), row('b', {}), row('b', further)];
    expect(cellsOf(rows)[1]).toEqual(['1,910', '10.0', '10.0']);
  });
});
