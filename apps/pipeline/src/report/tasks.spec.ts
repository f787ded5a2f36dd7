import { describe, expect, it } from 'vitest';
import { taskScore } from '../task-score.fixture.js';
import { taskOf, tasksOf, taskTitle } from './tasks.js';

const score = taskScore({ metric: 'accuracy_plain', n: 1, interval95: [0, 1] });

describe('tasks', () => {
  it('tells parts from benchmarks, also where one name begins like another', () => {
    const names = ['vstar', 'vstar_direct_attributes', 'vstar_hard', 'vstar_hard_left'];
    const results = { one: Object.fromEntries(names.map((name) => [name, score])) };
    const tasks = tasksOf({ models: ['one'], results, versions: { vstar: '1', vstar_hard: '1' } });
    expect(tasks.map(({ benchmark, part }) => [benchmark, part])).toEqual([
      ['vstar', null],
      ['vstar', 'direct_attributes'],
      ['vstar_hard', null],
      ['vstar_hard', 'left'],
    ]);
    expect(tasks.map(taskTitle)).toEqual(['V*', 'V*: direct attributes', 'vstar_hard', 'vstar_hard: left']);
  });

  it('names the smallest task of an answer', () => {
    expect(taskOf({ benchmark: 'vstar', category: 'relative_position' })).toBe('vstar_relative_position');
    expect(taskOf({ benchmark: 'textvqa', category: null })).toBe('textvqa');
  });
});
