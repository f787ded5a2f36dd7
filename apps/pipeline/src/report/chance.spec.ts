import { describe, expect, it } from 'vitest';
import { chanceLevels, type Asked } from './chance.js';

const asked = (id: string, more: Partial<Asked>): Asked => ({
  id,
  benchmark: 'bench',
  category: null,
  prompt: 'Which?',
  options: [],
  targets: ['a'],
  ...more,
});

describe('chanceLevels', () => {
  it('is the mean of 1 / options, of a benchmark and of its parts', () => {
    const four = asked('1', { category: 'four', options: ['a', 'b', 'c', 'd'] });
    const two = asked('2', { category: 'two', options: ['a', 'b'] });
    const levels = chanceLevels([four, two]);
    expect([...levels]).toEqual([
      ['bench', 0.375],
      ['bench_four', 0.25],
      ['bench_two', 0.5],
    ]);
  });

  it('counts an item once, however many models answered it', () => {
    const two = asked('1', { options: ['a', 'b'] });
    const four = asked('2', { options: ['a', 'b', 'c', 'd'] });
    expect(chanceLevels([two, four, two, two]).get('bench')).toBe(0.375);
  });

  it('counts lettered options in the prompt where the answer is one of the letters', () => {
    const prompt = 'Which?\nA. up\nB. down\nC. left\nAnswer with the letter. ASSISTANT:';
    expect(chanceLevels([asked('1', { prompt, targets: ['B'] })]).get('bench')).toBeCloseTo(1 / 3);
    expect(chanceLevels([asked('1', { prompt, targets: ['down'] })]).has('bench')).toBe(false);
  });

  it('is not known where one item is answered freely', () => {
    expect(chanceLevels([asked('1', { options: ['a', 'b'] }), asked('2', {})]).size).toBe(0);
  });
});
