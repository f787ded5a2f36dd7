import { expect, it } from 'vitest';
import { summaryText } from './summary-text.js';

it('shows a summary as indented lines', () => {
  const summary = {
    kept: 3,
    none: {},
    dropped: { BAD: 1 },
    files: [
      { path: 'a', size: 1 },
      { path: 'b', size: 2 },
    ],
  };
  expect(summaryText(summary)).toBe(
    [
      'kept: 3',
      'none: none',
      'dropped:',
      '  BAD: 1',
      'files:',
      '  - path: a',
      '    size: 1',
      '  - path: b',
      '    size: 2',
    ].join('\n'),
  );
});
