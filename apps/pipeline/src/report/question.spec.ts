import { describe, expect, it } from 'vitest';
import { questionOf, targetCounts } from './question.js';

describe('questionOf', () => {
  it.each([
    ['A chat. USER: <image>\nWhich way?\nOne word. ASSISTANT:', 'Which way?\nOne word.'],
    [
      'A chat. USER: <image>\nSay "USER: <image>\n" ASSISTANT: now ASSISTANT:',
      'Say "USER: <image>\n" ASSISTANT: now',
    ],
    ['Which way?', 'Which way?'],
  ])('of %j', (prompt, question) => {
    expect(questionOf(prompt)).toBe(question);
  });
});

describe('targetCounts', () => {
  it('tells each target once, the most frequent first', () => {
    expect(targetCounts(['a', 'b', 'b'])).toEqual([
      { target: 'b', count: 2 },
      { target: 'a', count: 1 },
    ]);
  });
});
