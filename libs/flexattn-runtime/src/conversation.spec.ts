import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildPrompt, encodeAnswer, encodeConversation } from './conversation.js';
import { createTokenizer } from './tokenizer.js';

const file = join(import.meta.dirname, '../golden/tokenizer/tokenizer.json');
const tokenizer = createTokenizer(JSON.parse(readFileSync(file, 'utf8')) as object, {}, file);
const SYSTEM =
  "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. ";
const human = (value: string) => ({ from: 'human', value });
const gpt = (value: string) => ({ from: 'gpt', value });

describe('encodeConversation', () => {
  it('gives the ids of the whole text and the spans of its answers', () => {
    const text = `${SYSTEM}USER: <image>\nWhat colour? ASSISTANT: red</s>USER: And  the other? ASSISTANT: blue 😀</s>`;
    const { inputIds, answers } = encodeConversation(tokenizer, [
      human('<image>\nWhat colour?'),
      gpt('red'),
      human('And  the other?'),
      gpt('blue 😀'),
    ]);
    expect(inputIds).toEqual(tokenizer.encodePrompt(text));
    expect(answers.map(([begin, end]) => tokenizer.decode(inputIds.slice(begin, end)))).toEqual([
      'red',
      'blue 😀',
    ]);
    expect(answers.map(([, end]) => inputIds[end - 1])).toEqual([2, 2]);
  });

  it('begins an answer where the prompt for inference ends', () => {
    const { inputIds, answers } = encodeConversation(tokenizer, [human('<image>\nWhat?'), gpt('red')]);
    expect(inputIds.slice(0, answers[0]?.[0])).toEqual(tokenizer.encodePrompt(buildPrompt('What?')));
  });

  it('takes an empty answer and one of a text-only sample', () => {
    const { inputIds, answers } = encodeConversation(tokenizer, [human('What?'), gpt('')]);
    expect(inputIds).not.toContain(-200);
    expect(inputIds.slice(...(answers[0] ?? []))).toEqual([...tokenizer.encode(' ').slice(-1), 2]);
  });

  it.each([
    ['a system message first', [{ from: 'system', value: 'Be brief.' }, human('What?'), gpt('red')]],
    [
      'other names of the two',
      [
        { from: 'user', value: 'What?' },
        { from: 'assistant', value: 'red' },
      ],
    ],
  ])('takes %s, as if it were not there', (_, conversations) => {
    const plain = encodeConversation(tokenizer, [human('What?'), gpt('red')]);
    expect(encodeConversation(tokenizer, conversations)).toEqual(plain);
  });

  it.each([
    ['no message', [], 'got none'],
    ['a question without an answer', [human('What?')], 'got "human" and "nothing"'],
    ['two questions in a row', [human('What?'), human('Why?')], 'got "human" and "human"'],
    ['two answers in a row', [human('What?'), gpt('red'), gpt('blue')], 'got "gpt" and "nothing"'],
  ])('refuses %s', (_, conversations, got) => {
    expect(() => encodeConversation(tokenizer, conversations)).toThrow(got);
  });

  it('refuses an answer whose tokens run into those of the question', () => {
    const glued = { ...tokenizer, encodePrompt: (text: string) => [text.length] };
    expect(() => encodeConversation(glued, [human('What?'), gpt('red')])).toThrow('TOKENIZER_UNSTABLE');
  });
});

describe('encodeAnswer', () => {
  it('gives the tokens behind the prompt and a space', () => {
    expect(tokenizer.decode(encodeAnswer(tokenizer, buildPrompt('What?'), 'red plate'))).toBe('red plate');
  });
});
