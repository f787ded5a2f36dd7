import { describe, expect, it } from 'vitest';
import { gpuOfRank, threadsOfRank } from './local-share.js';

describe('gpuOfRank', () => {
  it.each([
    ['one each, all visible', 5, undefined, '5'],
    ['one each, of those left visible', 1, '4,6', '6'],
    ['by their ids', 1, 'GPU-a,GPU-b', 'GPU-b'],
    ['more processes than GPUs', 5, '0,1,2,3', '1'],
    ['its own, given by the launcher', 3, '3', '3'],
    ['an empty list as none', 2, '', '2'],
  ])('%s', (_, index, visible, expected) => {
    expect(gpuOfRank({ index, count: 8 }, visible)).toBe(expected);
  });
});

describe('threadsOfRank', () => {
  it.each([
    ['shares cores out', { index: 0, count: 8 }, { cores: 32, allowed: 32 }, 4],
    ['gives at least one', { index: 0, count: 8 }, { cores: 2, allowed: 2 }, 1],
    ['keeps what the launcher bound', { index: 0, count: 8 }, { cores: 32, allowed: 3 }, 3],
    ['is not divided a second time', { index: 0, count: 8 }, { cores: 32, allowed: 4 }, 4],
    ['leaves a machine to one process', { index: 0, count: 1 }, { cores: 32, allowed: 32 }, undefined],
    ['leaves what it does not know', { index: 0 }, { cores: 32, allowed: 32 }, undefined],
  ])('%s', (_, rank, machine, expected) => {
    expect(threadsOfRank(rank, machine)).toBe(expected);
  });
});
