import { describe, expect, it } from 'vitest';
import { GROUND, SERIES, seriesOf } from './palette.js';

/** Contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio"). */
function contrast(a: string, b: string): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const { page, card, ink, muted, right, wrong } = GROUND;

describe('palette', () => {
  it('knows black on white', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
  });

  it.each(['light', 'dark'] as const)('can be read as text in %s mode (4.5 to 1)', (mode) => {
    for (const ground of [page, card]) {
      for (const colour of [ink, muted, right, wrong, ...SERIES]) {
        expect(contrast(colour[mode], ground[mode])).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('begins again after the last colour', () => {
    expect([seriesOf(0), seriesOf(SERIES.length - 1), seriesOf(SERIES.length)]).toEqual([
      0,
      SERIES.length - 1,
      0,
    ]);
  });
});
