import { describe, expect, it } from 'vitest';
import { trainingSection } from './training-section.js';

describe('trainingSection', () => {
  it('gives the mean loss of the first and the last twentieth', () => {
    const points = Array.from({ length: 40 }, (_, i) => ({
      step: i + 1,
      loss: i < 2 ? 4 + i : i < 38 ? 9 : 1,
    }));
    const markup = trainingSection([{ model: 'flexattn', position: 2, points }])?.markup;
    expect([...(markup ?? '').matchAll(/<td>([^<]*)<\/td>/g)].map(([, cell]) => cell)).toEqual([
      '40',
      '4.500',
      '1.000',
    ]);
  });

  it('is left out where nothing was trained', () => {
    expect(trainingSection([])).toBeNull();
    expect(trainingSection([{ model: 'flexattn', position: 2, points: [] }])).toBeNull();
  });
});
