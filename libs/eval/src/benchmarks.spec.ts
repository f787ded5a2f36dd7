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
    expect(vstar.prompt(item)).toEqual({
      prompt: `${SYSTEM}USER: <image>\nWhat?\nAnswer the question using a single word or phrase. ASSISTANT:`,
      options: ['The  dog.', 'b', 'c'],
    });
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
    expect(magnifier.prompt(item)).toEqual({
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
    const extraction = magnifier.extract(item, { text });
    expect(extraction).toEqual({ value, strict });
    expect(magnifier.score(item, extraction)).toEqual(scores);
  });
});
