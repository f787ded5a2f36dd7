import { describe, expect, it } from 'vitest';
import { sweepPoints, type SweepGrid } from './sweep-points.js';

const namesOf = (...grids: SweepGrid[]) => sweepPoints(grids).map(({ name }) => name);

describe('sweepPoints', () => {
  it.each<[SweepGrid[], string[]]>([
    [[], []],
    [[{ 'models.2.threshold': [16, 48] }], ['threshold=16', 'threshold=48']],
    [
      [{ 'train.steps': [1, 2], 'train.seed': [7, 8] }],
      ['steps=1,seed=7', 'steps=1,seed=8', 'steps=2,seed=7', 'steps=2,seed=8'],
    ],
    [
      [{ 'train.steps': [1] }, { 'train.seed': [7] }, { 'train.steps': [1] }],
      ['steps=1', 'seed=7'],
    ],
    [[{ 'init.extra': [{ zoom_ratio: 2, highres_size: 126 }] }], ['extra=zoom_ratio-2-highres_size-126']],
    [[{ 'data.images': ['a/b', 'a b'] }], ['images=a-b', 'images=a-b-2']],
  ])('of %j are %j', (grids, names) => {
    expect(namesOf(...grids)).toEqual(names);
  });

  it('set the values at their paths', () => {
    expect(sweepPoints([{ 'models.2.threshold': [16] }])[0]?.set).toEqual([
      { path: ['models', '2', 'threshold'], value: 16 },
    ]);
  });
});
