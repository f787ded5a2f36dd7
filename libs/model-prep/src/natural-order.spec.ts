import { expect, it } from 'vitest';
import { naturalOrder } from './natural-order.js';

it('counts numbers inside of names', () => {
  const names = [
    'layers.2.b',
    'layers.10.a',
    'layers.2.a',
    'lm_head',
    'layers.02.a',
    '7',
    'layers',
    'Layers',
    'ä',
    '',
  ];
  const expected = [
    '',
    '7',
    'Layers',
    'layers',
    'layers.02.a',
    'layers.2.a',
    'layers.2.b',
    'layers.10.a',
    'lm_head',
    'ä',
  ];
  expect([...names].sort(naturalOrder)).toEqual(expected);
  expect([...names].reverse().sort(naturalOrder)).toEqual(expected);
});

it('compares numbers that no double holds', () => {
  expect(naturalOrder('a90071992547409931', 'a90071992547409932')).toBe(-1);
  expect(naturalOrder('a1', 'a1')).toBe(0);
});
