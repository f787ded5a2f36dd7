import { describe, expect, it } from 'vitest';
import { intervalPlot } from './interval-plot.js';

describe('intervalPlot', () => {
  const row = { model: 'flexattn', position: 2, score: 0.5, interval95: [0.25, 0.75] } as const;

  it('draws the interval to scale: 0 % at 84, 100 % at 286', () => {
    const { markup } = intervalPlot({ title: 'V*', rows: [row], chance: 0.25 });
    expect(markup).toContain('d="M134.5 35H235.5"');
    expect(markup).toContain('d="M134.5 16V48"');
    expect(markup).toContain('aria-label="V*: flexattn 50.0 %; guessing gets 25.0 %"');
  });

  it('has no line for chance where it is not known', () => {
    expect(intervalPlot({ title: 'V*', rows: [row] }).markup).not.toContain('chance');
  });

  it('shortens names that would run into the plot', () => {
    const { markup } = intervalPlot({ title: 'V*', rows: [{ ...row, model: 'flexattn-seven-billion' }] });
    expect(markup).toContain('>flexattn-s…</text');
  });
});
