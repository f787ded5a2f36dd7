import { describe, expect, it } from 'vitest';
import { strictChoice } from './strict-choice.js';

const QUESTION = 'What is it?\nA. dog\nB. red cat\nC. red\nD. no dog.';

describe('strictChoice', () => {
  it.each([
    ['B', 'B'],
    ['b', 'B'],
    [' B.\n', 'B'],
    ['(C)', 'C'],
    ['C)', 'C'],
    ['The answer is D.', 'D'],
    ['The correct option is (A).', 'A'],
    ['Answer: B', 'B'],
    ['B. red cat', 'B'],
    ['B red cat', 'B'],
    ['B: because it is', 'B'],
    ['red', 'C'],
    ['Red cat.', 'B'],
    ['no dog', 'D'],
  ])('%j is %s', (prediction, expected) => {
    expect(strictChoice(prediction, QUESTION)).toBe(expected);
  });

  it.each([
    ['A cat'],
    ['a dog and a cat'],
    ['BANANA'],
    ['A’s'],
    ['E'],
    ['The answer is E'],
    ['i do not know'],
    ['B. red'],
    [''],
  ])('%j is other', (prediction) => {
    expect(strictChoice(prediction, QUESTION)).toBe('other');
  });

  it('reads one-line lists too, and does without options', () => {
    expect(strictChoice('two', 'How many? A. one, B. two, C. three, D. four')).toBe('B');
    expect(strictChoice('A.')).toBe('A');
    expect(strictChoice('two')).toBe('other');
  });

  it('does not choose between equal options', () => {
    expect(strictChoice('x', 'Q?\nA. x\nB. x\nC. y\nD. z')).toBe('other');
    expect(strictChoice('y', 'Q?\nA. x\nB. x\nC. y\nD. z')).toBe('C');
  });

  it('takes linear time on an answer made to backtrack', () => {
    expect(strictChoice(`${'.'.repeat(65_000)}x`, QUESTION)).toBe('other');
    expect(strictChoice(`red${'.,?!'.repeat(15_000)}`, QUESTION)).toBe(strictChoice('red', QUESTION));
  });
});
