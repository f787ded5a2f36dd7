import { expect, it } from 'vitest';
import { formatCleanReport } from './report-table.js';

it('formatCleanReport shows a line for each source and one for all', () => {
  const counts = { samples: 3, kept: 2, untouched: 1, changed: { TAG_ADDED: 1 }, dropped: { BAD_SHAPE: 1 } };
  expect(formatCleanReport({ ...counts, sources: { 'coco/train2017': counts }, mislabelled: {} })).toBe(
    [
      'source            samples       kept  untouched    dropped',
      'coco/train2017          3          2          1          1',
      'all                     3          2          1          1',
      'changed: TAG_ADDED 1',
      'dropped: BAD_SHAPE 1',
      'other bytes than the extension says: none',
    ].join('\n'),
  );
});
