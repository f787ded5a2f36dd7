import { describe, expect, it } from 'vitest';
import type { Item } from './item.js';
import { magnifier } from './magnifier.js';
import { textvqa } from './textvqa.js';
import { vstar } from './vstar.js';

const SYSTEM =
  "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the human's questions. ";

function itemOf(benchmark: string, changes: Partial<Item>): Item {
  return {
    id: `${benchmark}/1`,
    benchmark,
    category: null,
    question: 'What?',
    picture: { kind: 'file', path: 'a.jpg' },
    options: [],
    targets: [],
    ...changes,
  };
}

describe('textvqa', () => {
  it('asks as the published prompt file does where the protocol reads one', () => {
    const publishedPrompt =
      'what?\nReference OCR token: A, B\nAnswer the question using a single word or phrase.';
    expect(textvqa.prompt(itemOf('textvqa', { publishedPrompt })).prompt).toBe(
      `${SYSTEM}USER: <image>\n${publishedPrompt} ASSISTANT:`,
    );
  });

  it('asks for a single word or phrase', () => {
    expect(textvqa.prompt(itemOf('textvqa', { question: 'what "is"\nit?' }))).toEqual({
      prompt: `${SYSTEM}USER: <image>\nwhat "is"\nit?\nAnswer the question using a single word or phrase. ASSISTANT:`,
      maxNewTokens: 512,
    });
  });

  it('scores by agreement, and processes an answer once', () => {
    const item = itemOf('textvqa', { targets: Array.from({ length: 10 }, () => "men'.s") });
    const extraction = textvqa.extract(item, { text: " MEN'.S" });
    expect(extraction).toEqual({ value: "men's" });
    expect(textvqa.score(item, extraction)).toEqual([1]);
  });
});

describe('vstar', () => {
  const item = itemOf('vstar', { options: ['The  dog.', 'b', 'c'], targets: ['The  dog.'] });

  it('hands the options over as they are', () => {
    expect(vstar.prompt(item, 'plain')).toEqual({
      prompt: `${SYSTEM}USER: <image>\nWhat?\nAnswer the question using a single word or phrase. ASSISTANT:`,
      options: ['The  dog.', 'b', 'c'],
    });
  });

  it("asks the question alone, the end token counted, where the authors' protocol is chosen", () => {
    expect(vstar.prompt(item, 'original')).toEqual({
      prompt: `${SYSTEM}USER: <image>\nWhat? ASSISTANT:`,
      options: ['The  dog.', 'b', 'c'],
      endToken: true,
    });
  });

  it('gives options letters', () => {
    expect(vstar.prompt(item, 'letters')).toEqual({
      prompt: `${SYSTEM}USER: <image>\nWhat?\n(A) The  dog.\n(B) b\n(C) c\nAnswer with the option's letter from the given choices directly. ASSISTANT:`,
      maxNewTokens: 512,
    });
  });

  it.each([
    ['A', 'The  dog.', 1],
    ['(a) The  dog.', 'The  dog.', 1],
    ['the  dog', 'The  dog.', 1],
    ['B.', 'b', 0],
    ['D', null, 0],
    ['A cat', null, 0],
    ['', null, 0],
  ])('reads %j as a letter: %s', (text, value, score) => {
    const extraction = vstar.extract(item, { text });
    expect(extraction).toEqual({ value });
    expect(vstar.score(item, extraction)).toEqual([score]);
  });

  it.each([
    ['the lowest loss wins', [0.1, 0.2, 0.3], 'The  dog.', 1],
    ['another is lower', [0.2, 0.1, 0.3], 'b', 0],
    ['a tie for the lowest chooses nothing', [0.1, 0.1, 0.3], null, 0],
    ['a tie above the lowest does not matter', [0.1, 0.3, 0.3], 'The  dog.', 1],
  ])('%s', (_, losses, value, score) => {
    const extraction = vstar.extract(item, { losses });
    expect(extraction).toEqual({ value });
    expect(vstar.score(item, extraction)).toEqual([score]);
  });
});

describe('magnifier', () => {
  const item = itemOf('magnifier', { question: 'Which? A. red, B. blue, C. a dog, D. none', targets: ['A'] });

  it('gives each option a line', () => {
    expect(magnifier.prompt(item, 'multi')).toEqual({
      prompt: `${SYSTEM}USER: <image>\nWhich?\nA. red\nB. blue\nC. a dog\nD. none\nAnswer with the option's letter from the given choices directly. ASSISTANT:`,
      maxNewTokens: 512,
    });
  });

  it.each([
    ['A', 'A', 'A', [1, 1]],
    ['A cat', 'A', null, [1, 0]],
    ['red', 'D', 'A', [0, 1]],
    ['', null, null, [0, 0]],
  ])('%j: published %s, strict %s', (text, value, strict, scores) => {
    const extraction = magnifier.extract(item, { text }, 'multi');
    expect(extraction).toEqual({ value, strict });
    expect(magnifier.score(item, extraction, 'multi')).toEqual(scores);
  });

  it.each([
    ['Which? A. red, B. blue, C. a dog, D. none', 'Which?'],
    ['Is it A? Or B? A. red, B. blue, C. c, D. d', 'Is it A?'],
    ['The colour is A. red, B. blue, C. c, D. d', 'The colour is'],
    [' Which one? A. red, B. blue, C. c, D. d', 'Which one?'],
  ])('asks %j freely as %j', (question, asked) => {
    expect(magnifier.prompt({ ...item, question }, 'freeform')).toEqual({
      prompt: `${SYSTEM}USER: <image>\n${asked} ASSISTANT:`,
      maxNewTokens: 512,
    });
  });

  it('leaves a free answer to a judge, and gives it no score without one', () => {
    const free = { ...item, targets: ['red'] };
    expect(magnifier.judgeQuestion(free, 'It is red', 'freeform')).toEqual({
      question: 'Which?',
      answer: 'It is red',
      truth: 'red',
    });
    expect(magnifier.judgeQuestion(item, 'A', 'multi')).toBeUndefined();
    const scoreOf = (verdict?: 'yes' | 'no') =>
      magnifier.score(free, magnifier.extract(free, { text: 'It is red', verdict }, 'freeform'), 'freeform');
    expect(scoreOf('yes')).toEqual([1]);
    expect(scoreOf('no')).toEqual([0]);
    expect(() => scoreOf()).toThrow(/NOT_JUDGED/);
  });
});
