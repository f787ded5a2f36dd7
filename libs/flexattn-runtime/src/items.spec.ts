import { describe, expect, it } from 'vitest';
import { parseItem } from './items.js';

const where = { file: 'items.jsonl', item: 'line 3' };
const item = { id: 'textvqa/1', image: 'images/1.png', prompt: '<image>' };

describe('parseItem', () => {
  it.each([
    ['a question', { ...item, maxNewTokens: 8 }],
    ['a choice', { ...item, options: ['red', 'blue'] }],
  ])('takes %s', (_, value) => {
    expect(parseItem(value, where)).toEqual(value);
  });

  it.each([
    ['neither', item],
    ['no option', { ...item, options: [] }],
    ['no image', { id: 'a', prompt: 'b', maxNewTokens: 8 }],
    ['no tokens', { ...item, maxNewTokens: 0 }],
    ['no object', 'item'],
  ])('refuses %s', (_, value) => {
    expect(() => parseItem(value, where)).toThrow(/^items.jsonl\[line 3\]: expected id, image, prompt/);
  });
});
