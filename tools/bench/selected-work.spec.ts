import { describe, expect, it } from 'vitest';
import { selectedWork } from './selected-work.js';

const ALL = Array.from({ length: 81 }, (_, region) => region);
/** Rows and columns 3 to 5 of the 9 x 9 regions. */
const CENTRE = [30, 31, 32, 39, 40, 41, 48, 49, 50];

describe('selectedWork', () => {
  it.each([
    ['nothing', [[], []], 27, 3, 0, 0],
    ['no layer', [], 27, 3, 0, 0],
    ['everything', [ALL], 27, 3, 729, 9],
    ['everything, of sides that the regions do not divide', [ALL], 24, 1, 576, 1],
    ['the centre, one of nine tiles', [CENTRE], 72, 3, 576, 1],
    ['the centre, which four tiles share', [CENTRE], 48, 2, 256, 4],
    ['other regions in every layer', [[0], [80, 40]], 27, 3, 13.5, 3],
  ])('%s', (_, layers, hd, zoom, tokens, tiles) => {
    expect(selectedWork(layers, hd, zoom)).toEqual({ tokens, tiles });
  });
});
