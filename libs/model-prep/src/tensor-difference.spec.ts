import { expect, it } from 'vitest';
import { DifferenceCollector } from './tensor-difference.js';

it.each([
  ['nothing', [[3, 4]], [[3, 4]], { differing: 0, elements: 2, maxAbsolute: 0, relative: 0 }],
  ['one value', [[3, 4]], [[3, 4.5]], { differing: 1, elements: 2, maxAbsolute: 0.5, relative: 0.1 }],
  ['pieces', [[3], [4]], [[0], [0]], { differing: 2, elements: 2, maxAbsolute: 4, relative: 1 }],
  ['the sign of zero', [[0]], [[-0]], { differing: 0, elements: 1, maxAbsolute: 0, relative: 0 }],
  ['NaN in both', [[NaN]], [[NaN]], { differing: 0, elements: 1, maxAbsolute: 0, relative: 0 }],
  ['NaN in one', [[1, 1]], [[NaN, 9]], { differing: 2, elements: 2, maxAbsolute: NaN, relative: NaN }],
  ['from zeros', [[0]], [[2]], { differing: 1, elements: 1, maxAbsolute: 2, relative: Infinity }],
])('DifferenceCollector: %s', (_, a, b, expected) => {
  const collector = new DifferenceCollector();
  a.forEach((piece, i) => collector.add(piece, b[i] ?? []));
  expect(collector.result()).toEqual(expected);
});
