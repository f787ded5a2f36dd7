import { describe, expect, it } from 'vitest';
import { groupByPicture, groupsOfShard, WorkQueue } from './work-queue.js';
import type { NumberedItem, PictureGroup } from './work-queue.js';

const numbered = (...images: string[]): NumberedItem[] =>
  images.map((image, index) => ({ index, item: { id: `item${index}`, image, prompt: '', maxNewTokens: 1 } }));
const indices = (groups: readonly PictureGroup[]) =>
  groups.map(({ items }) => items.map(({ index }) => index));
const drain = (queue: WorkQueue) => {
  const groups: PictureGroup[] = [];
  for (let group = queue.take(); group !== undefined; group = queue.take()) groups.push(group);
  return indices(groups);
};

describe('groups', () => {
  it('hold the items of one picture, in order', () => {
    expect(indices(groupByPicture(numbered('a', 'b', 'a', 'c', 'b')))).toEqual([[0, 2], [1, 4], [3]]);
  });

  it.each([1, 2, 3, 7])('are divided into %i shards without a gap or an overlap', (count) => {
    const groups = groupByPicture(numbered('a', 'b', 'a', 'c', 'b', 'd', 'e'));
    const shards = Array.from({ length: count }, (_, index) => groupsOfShard(groups, { index, count }));
    expect(
      shards
        .flat()
        .flatMap(({ items }) => items.map(({ index }) => index))
        .sort(),
    ).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});

describe('WorkQueue', () => {
  it('gives each group once', () => {
    const queue = new WorkQueue(groupByPicture(numbered('a', 'b', 'a')));
    expect([queue.size, drain(queue), queue.size]).toEqual([2, [[0, 2], [1]], 0]);
  });

  it('gives what a dead worker left to others, twice, and then gives the suspected item up', () => {
    const queue = new WorkQueue([]);
    const left = groupByPicture(numbered('a', 'a', 'b'));
    for (let death = 1; death <= 2; death++) {
      expect(queue.giveBack(left)).toEqual([]);
      expect(drain(queue).flat().sort()).toEqual([0, 1, 2]);
    }
    expect(queue.giveBack(left).map(({ index }) => index)).toEqual([0]);
    expect(drain(queue).flat().sort()).toEqual([1, 2]);
  });

  it('takes back nothing from a worker that had nothing left', () => {
    const queue = new WorkQueue([]);
    expect(queue.giveBack([{ image: 'a', items: [] }])).toEqual([]);
    expect(queue.size).toBe(0);
  });

  it('leaves what other parts took, then takes what is free of theirs', () => {
    const [own, other] = [
      groupByPicture(numbered('a', 'b', 'a')),
      groupByPicture(numbered('x', 'x', 'x', 'c')),
    ];
    const taken: number[] = [];
    const theirs = [...other.slice(1)];
    const queue = new WorkQueue(own, {
      look: () => undefined,
      has: (index) => index === 0,
      next: () => theirs.shift(),
      took: (items) => void taken.push(...items.map(({ index }) => index)),
    });
    expect(queue.size).toBe(2);
    expect(drain(queue)).toEqual([[2], [1], [3]]);
    expect(taken).toEqual([2, 1, 3]);
    expect(queue.isEmpty()).toBe(true);
  });
});
