import { describe, expect, it } from 'vitest';
import { areaOf, iou, namesBox, parseBox, type Box } from './box.js';

describe('parseBox', () => {
  it.each([
    ['[0.1, 0.2, 0.3, 0.4]', [0.1, 0.2, 0.3, 0.4]],
    ['(0.1,0.2,0.3,.4)', [0.1, 0.2, 0.3, 0.4]],
    ['0.1, 0.2, 0.3, 0.4', [0.1, 0.2, 0.3, 0.4]],
    ['0, 0, 1, 1.', [0, 0, 1, 1]],
    ['It is at [0, 0, 1e-1, +1.] there.', [0, 0, 0.1, 1]],
    ['[[0.1, 0.2, 0.3, 0.4]]', [0.1, 0.2, 0.3, 0.4]],
    ['[0, 0, 1, 1] or [0, 0, 2, 2]', [0, 0, 1, 1]],
    ['[-0.1, 0, 12, 1]', [-0.1, 0, 12, 1]],
  ])('reads %j', (text, box) => {
    expect(parseBox(text)).toEqual(box);
  });

  it.each([
    ['[0.1, 1e309, __import__]'],
    ['[0.1, 0.2, 0.3, 1e309]'],
    ['[0.1, 0.2, 0.3]'],
    ['[0.1, 0.2, 0.3, 0.4, 0.5]'],
    ['[0.1 0.2 0.3 0.4]'],
    ['[0.1, 0.2, 0.3, 0.4)'],
    ['[0.1, 0.2, nan, 0.4]'],
    ['[0x1, 0, 0, 1]'],
    ['["0.1", 0.2, 0.3, 0.4]'],
    ['[1+1, 0, 1, 1]'],
    ['[0.1, 0.2, 0.3, 0.4'],
    ['[a] [0, 0, 1, 1]'],
    ['at 0.1, 0.2, 0.3, 0.4'],
    [''],
    ['no'],
  ])('reads no box from %j', (text) => {
    expect(parseBox(text)).toBeNull();
  });

  it('takes linear time on an answer made to backtrack', () => {
    expect(parseBox(`[${' '.repeat(60_000)}`)).toBeNull();
    expect(parseBox(`${'1'.repeat(60_000)},`)).toBeNull();
    expect(parseBox('['.repeat(60_000))).toBeNull();
  });
});

describe('namesBox', () => {
  it.each([
    ['[0, 0', true],
    ['(see there', true],
    ['none', false],
    ['', false],
  ])('%j: %s', (text, names) => {
    expect(namesBox(text)).toBe(names);
  });
});

describe('iou', () => {
  const unit: Box = [0, 0, 1, 1];

  it.each([
    ['itself', unit, 1],
    ['half of it', [0, 0, 0.5, 1], 0.5],
    ['a corner', [0.5, 0.5, 1.5, 1.5], 0.25 / 1.75],
    ['beside it', [1, 0, 2, 1], 0],
    ['apart', [2, 2, 3, 3], 0],
    ['a line', [0, 0, 0, 1], 0],
    ['corners in the wrong order', [1, 1, 0, 0], 0],
    ['around it', [-1, -1, 2, 2], 1 / 9],
  ] as [string, Box, number][])('%s', (_, box, overlap) => {
    expect(iou(unit, box)).toBe(overlap);
    expect(iou(box, unit)).toBe(overlap);
  });

  it('knows no area of a box turned round', () => {
    expect([areaOf(unit), areaOf([1, 0, 0, 1]), areaOf([1, 1, 0, 0])]).toEqual([1, 0, 0]);
  });
});
