import { describe, expect, it } from 'vitest';
import { countWarnings } from './collect.js';
import type { Item } from './item.js';

const published = { items: 3, parts: { near: 2, far: 1 }, targets: 1, files: [], source: '' };

/** Items of the parts, the last of them rejected. */
const collected = (...parts: string[]) => {
  const items = parts.map((part, i): Item => {
    const picture = { kind: 'file', path: 'a.png' } as const;
    return {
      id: `b/${part}/${i}`,
      benchmark: 'b',
      category: part,
      question: '?',
      picture,
      options: [],
      targets: ['x'],
    };
  });
  const id = items.pop()?.id ?? '';
  return { items, rejects: [{ id, benchmark: 'b', code: 'NO_ANSWERS' as const, message: '' }] };
};

describe('countWarnings', () => {
  it('is silent where whole and parts are as published, rejects counted', () => {
    expect(countWarnings('b', published, collected('near', 'near', 'far'))).toEqual([]);
  });

  it('names the whole, or the parts where only those differ', () => {
    expect(countWarnings('b', published, collected('near', 'near'))).toEqual([
      'b: 2 items, the published benchmark has 3: scores do not compare',
    ]);
    expect(countWarnings('b', published, collected('near', 'far', 'far'))).toEqual([
      'b, near: 1 items, the published benchmark has 2: scores do not compare',
      'b, far: 2 items, the published benchmark has 1: scores do not compare',
    ]);
  });

  it('knows nothing of a benchmark that says nothing', () => {
    expect(countWarnings('b', { files: [], source: '' }, collected('near'))).toEqual([]);
  });
});
