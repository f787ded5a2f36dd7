import { describe, expect, it } from 'vitest';
import { toSample } from './sample.js';

const turn = { from: 'human', value: 'What?' };
const good = { id: 1, image: 'a.png', conversations: [turn, { from: 'gpt', value: 'This.' }] };

describe('toSample', () => {
  it.each([
    ['null', null, 'expected an object, got null'],
    ['a number', 5, 'expected an object, got 5'],
    ['a string', 'x', 'expected an object, got "x"'],
    ['an array', [good], 'expected an object, got an array'],
    ['no id', { ...good, id: undefined }, 'id: expected a string or a number, got nothing'],
    ['an id that is true', { ...good, id: true }, 'id: expected a string or a number, got true'],
    ['an image that is null', { ...good, image: null }, 'image: expected a string or no such key, got null'],
    [
      'several images',
      { ...good, image: ['a.png'] },
      'image: expected a string or no such key, got an array',
    ],
    ['no conversations', { id: 1 }, 'conversations: expected an array of turns, got nothing'],
    [
      'an object of turns',
      { ...good, conversations: turn },
      'conversations: expected an array of turns, got an object',
    ],
    ['no turns', { ...good, conversations: [] }, 'conversations: expected at least one turn'],
    [
      'a turn that is text',
      { ...good, conversations: [turn, 'x'] },
      'conversations[1]: expected an object, got "x"',
    ],
    [
      'another speaker',
      { ...good, conversations: [{ from: 'bot', value: '' }] },
      'conversations[0].from: expected human, gpt, system, user or assistant, got "bot"',
    ],
    [
      'no speaker',
      { ...good, conversations: [{ value: '' }] },
      'conversations[0].from: expected human, gpt, system, user or assistant, got nothing',
    ],
    [
      'no value',
      { ...good, conversations: [turn, { from: 'gpt' }] },
      'conversations[1].value: expected a string, got nothing',
    ],
    [
      'a value that is a number',
      { ...good, conversations: [{ from: 'gpt', value: 4 }] },
      'conversations[0].value: expected a string, got 4',
    ],
    ['a long value elsewhere', { ...good, id: undefined, conversations: 'x'.repeat(200) }, 'id: expected'],
  ])('refuses %s', (_, value, problem) => {
    expect(toSample(value)).toEqual({ problem: expect.stringContaining(problem) as string });
  });

  it.each([
    ['text and picture', good],
    ['an id that is text', { ...good, id: '' }],
    ['no image', { id: 1, conversations: [turn] }],
    ['an empty value', { ...good, conversations: [{ from: 'human', value: '' }] }],
    [
      'every speaker',
      {
        ...good,
        conversations: ['human', 'gpt', 'system', 'user', 'assistant'].map((from) => ({ from, value: '' })),
      },
    ],
    ['unknown keys', { ...good, source: 'coco', conversations: [{ ...turn, weight: 0.5 }] }],
  ])('accepts %s', (_, value) => {
    expect(toSample(value)).toEqual({ sample: value });
  });

  it('shortens what it quotes', () => {
    expect(toSample({ id: 1, conversations: 'x'.repeat(500) })).toEqual({
      problem: `conversations: expected an array of turns, got "${'x'.repeat(80)}"...`,
    });
  });
});
