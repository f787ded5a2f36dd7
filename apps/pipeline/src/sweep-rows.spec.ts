import { describe, expect, it } from 'vitest';
import { sweepPoints, type SweepGrid } from './sweep-points.js';
import { resultsOf } from './sweep-results.fixture.js';
import { ablationPoints, sweepRows } from './sweep-rows.js';

const rowsOf = (points: ReturnType<typeof sweepPoints>) =>
  points.flatMap((point, i) =>
    sweepRows(point, resultsOf({ one: { vstar: 0.5, vstar_left: 0.4 + i / 10, pope: 0.7 } })),
  );

describe('sweepRows', () => {
  it('give the main score of every model and task, with n and interval', () => {
    const [point] = sweepPoints([{ 'train.seed': [7] }]);
    if (point === undefined) expect.unreachable();
    const rows = sweepRows(point, resultsOf({ one: { vstar: 0.5, vstar_left: 0.4 }, two: { vstar: 0.75 } }));
    expect(rows[1]).toEqual({
      point: 'seed=7',
      set: { 'train.seed': 7 },
      model: 'two',
      benchmark: 'vstar',
      title: 'V*',
      hasParts: true,
      metric: 'accuracy',
      n: 100,
      score: 0.75,
      interval95: [0.65, 0.85],
    });
    expect(rows.map(({ model, benchmark, hasParts }) => [model, benchmark, hasParts])).toEqual([
      ['one', 'vstar', true],
      ['two', 'vstar', true],
      ['one', 'vstar_left', false],
    ]);
  });
});

describe('ablationPoints', () => {
  it('stand along their axis, parts instead of their benchmark', () => {
    const points = sweepPoints([{ 'models.0.threshold': [16, 48] }]);
    const drawn = ablationPoints(points, rowsOf(points));
    expect([...drawn.keys()]).toEqual(['models.0.threshold']);
    expect(
      drawn.get('models.0.threshold')?.map(({ value, benchmark, score }) => [value, benchmark, score]),
    ).toEqual([
      [16, 'V*: left', 0.4],
      [16, 'pope', 0.7],
      [48, 'V*: left', 0.5],
      [48, 'pope', 0.7],
    ]);
  });

  it('tell the lines of a product of two axes apart', () => {
    const grid: SweepGrid = { 'train.seed': [1, 2], 'train.steps': [5, 6] };
    const points = sweepPoints([grid]);
    const models = (axis: string) => [
      ...new Set(
        ablationPoints(points, rowsOf(points))
          .get(axis)
          ?.map(({ model }) => model),
      ),
    ];
    expect(models('train.seed')).toEqual(['one, steps=5', 'one, steps=6']);
    expect(models('train.steps')).toEqual(['one, seed=1', 'one, seed=2']);
  });

  it('leave out what has no score', () => {
    const points = sweepPoints([{ 'train.seed': [1, 2] }]);
    const rows = rowsOf(points).map((row) => (row.benchmark === 'pope' ? { ...row, score: null } : row));
    expect(
      ablationPoints(points, rows)
        .get('train.seed')
        ?.map(({ benchmark }) => benchmark),
    ).toEqual(['V*: left', 'V*: left']);
  });
});
