import { describe, expect, it } from 'vitest';
import { ablationPlot, type AblationPoint } from './ablation-plot.js';

const point = { model: 'flexattn', benchmark: 'V*', score: 0.5, low: 0.4, high: 0.6 };
const at = (axis: string, values: readonly (string | number)[]): AblationPoint[] =>
  values.map((value) => ({ ...point, axis, value }));
const countOf = (markup: string, pattern: RegExp) => [...markup.matchAll(pattern)].length;

describe('ablationPlot', () => {
  it('draws a chart for each axis and benchmark, a point for each value', () => {
    const { markup } = ablationPlot([
      ...at('threshold', [16, 48, 96]),
      ...at('selection', ['attention', 'random']),
    ]);
    expect(countOf(markup, /<figure>/g)).toBe(2);
    expect(countOf(markup, /<circle/g)).toBe(5 + 1); // the legend has one
    expect(markup).toContain('V* by threshold: flexattn at 16 50.0 %');
    expect(markup).not.toContain('NaN');
  });

  it('shows hostile names as text', () => {
    const { markup } = ablationPlot(at('<script>', ['"><b>']));
    expect(markup).not.toMatch(/<script>|<b>|"">/);
  });

  it('is the same bytes for the same points', () => {
    const points = at('threshold', [16, 48]);
    expect(ablationPlot(points).markup).toBe(ablationPlot(points).markup);
  });
});
