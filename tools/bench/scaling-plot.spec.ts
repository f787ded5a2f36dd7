import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { curvesPicture, type Curves } from './scaling-plot.js';

const point = (curve: string, size: string, value: number) => ({
  curve,
  size,
  value,
  low: value,
  high: 2 * value,
});
const CURVES: Curves = {
  title: 'time by size',
  sizes: 'samples',
  values: 'seconds',
  points: [
    point('ours', '10', 1),
    point('ours', '20', 2),
    point('<b>theirs', '10', 3),
    point('<b>theirs', '20', 6),
  ],
};

describe('curvesPicture', () => {
  it('draws a line for each curve, a dot and a span for each size, and names the curves', () => {
    const picture = curvesPicture(CURVES);
    const { document } = parseHTML(picture);
    expect(picture).toMatch(/^<svg[^>]* xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(document.querySelectorAll('[aria-label=line] path')).toHaveLength(2);
    expect(document.querySelectorAll('[aria-label=dot] circle')).toHaveLength(4);
    expect(document.querySelectorAll('[aria-label=rule] line')).toHaveLength(4);
    const names = Array.from(document.querySelectorAll('[aria-label=text] text'), (text) => text.textContent);
    expect(names).toEqual(['ours', '<b>theirs']);
  });

  it('gives the same bytes again', () => {
    expect(curvesPicture(CURVES)).toBe(curvesPicture(CURVES));
  });

  it('puts equal ratios at equal distances where it is logarithmic', () => {
    const values = [1, 10, 100];
    const points = values.map((value, i) => ({
      curve: 'a',
      size: String(i),
      value,
      low: value,
      high: value,
    }));
    const { document } = parseHTML(curvesPicture({ ...CURVES, points, isLogarithmic: true }));
    const [a = 0, b = 0, c = 0] = Array.from(document.querySelectorAll('[aria-label=dot] circle'), (dot) =>
      Number(dot.getAttribute('cy')),
    );
    expect(a - b).toBeCloseTo(b - c, 6);
    expect(a).toBeGreaterThan(b);
  });
});
