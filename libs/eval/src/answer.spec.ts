import { describe, expect, it } from 'vitest';
import { answerTo } from './answer.js';

const base = { id: 't/1', benchmark: 't', image: './a.png', imageSha256: '0', prompt: 'p' };
const free = { ...base, maxNewTokens: 8 };
const choosing = { ...base, options: ['x', 'y'] };

describe('answerTo', () => {
  it('passes what fits on', () => {
    expect(answerTo(free, { id: 't/1', text: '', finish: 'length', regions: {} })).toEqual({
      text: '',
      finish: 'length',
    });
    expect(answerTo(choosing, { id: 't/1', losses: [1, 0.5], best: 1 })).toEqual({ losses: [1, 0.5] });
    expect(answerTo(free, { id: 't/1', error: { code: 'BAD_IMAGE', message: 'm' } })).toEqual({
      error: { code: 'BAD_IMAGE', message: 'm' },
    });
    expect(answerTo(free, { text: 'a'.repeat(65_536) })).toHaveProperty('text');
  });

  it.each([
    ['losses for a free question', free, { losses: [1, 2] }, 'ANSWER_INVALID'],
    ['text for options', choosing, { text: 'x' }, 'ANSWER_INVALID'],
    ['another number of losses', choosing, { losses: [1] }, 'ANSWER_INVALID'],
    ['a loss that is no number (NaN in JSON)', choosing, { losses: [null, 1] }, 'ANSWER_INVALID'],
    ['a text that is none', free, { text: null }, 'ANSWER_INVALID'],
    ['an answer of a megabyte', free, { text: 'a'.repeat(1e6) }, 'ANSWER_TOO_LONG'],
  ])('records %s as an error', (_, item, line, code) => {
    expect(answerTo(item, line)).toMatchObject({ error: { code } });
  });
});
