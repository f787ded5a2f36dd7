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
    [[{ 'init.extra': [{ zoom_ratio: 2, highres_size: 126 }] }], ['zoom_ratio=2,highres_size=126']],
    [[{ 'data.images': ['a/b', 'a b'] }], ['images=a-b', 'images=a-b-2']],
  ])('of %j are %j', (grids, names) => {
    expect(namesOf(...grids)).toEqual(names);
  });

  it('set the values at their paths', () => {
    expect(sweepPoints([{ 'models.2.threshold': [16] }])[0]?.set).toEqual([
      { path: ['models', '2', 'threshold'], value: 16 },
    ]);
  });

  it('sets what an object says together, one setting each', () => {
    expect(sweepPoints([{ 'init.extra': [{ zoom_ratio: 2, highres_size: 126 }] }])[0]?.set).toEqual([
      { path: ['init', 'extra', 'zoom_ratio'], value: 2 },
      { path: ['init', 'extra', 'highres_size'], value: 126 },
    ]);
  });

  it('stand on each axis of several values, beside the other axes of their grid', () => {
    const grids: SweepGrid[] = [
      { 'train.steps': [1, 2], 'train.seed': [7, 8], 'train.threads': [1] },
      { 'data.images': ['a', 'b'] },
    ];
    expect(sweepPoints(grids).map(({ places }) => places)).toMatchObject([
      [
        { axis: 'train.steps', value: 1, beside: 'seed=7' },
        { axis: 'train.seed', value: 7, beside: 'steps=1' },
      ],
      [{ value: 1 }, { value: 8 }],
      [{ value: 2 }, { value: 7 }],
      [{ value: 2 }, { value: 8 }],
      [{ axis: 'data.images', value: 'a', beside: '' }],
      [{ axis: 'data.images', value: 'b', beside: '' }],
    ]);
  });

  it('keep their place on every axis that they were named for', () => {
    const [first, ...others] = sweepPoints([{ 'train.seed': [7, 8] }, { 'train.seed': [7, 9] }]);
    expect(first?.places.map(({ axis }) => axis)).toEqual(['train.seed', 'train.seed']);
    expect(others).toHaveLength(2);
  });
});
