import { describe, expect, it } from 'vitest';
import { intervalPlot } from './interval-plot.js';

describe('intervalPlot', () => {
  const row = { model: 'flexattn', position: 2, score: 0.5, interval95: [0.25, 0.75] } as const;

  it('draws the interval to scale: 0 % at 92, 100 % at 284', () => {
    const { markup } = intervalPlot({ title: 'V*', rows: [row], chance: 0.25 });
    const [, line = ''] = /class="interval series-2"[^>]*><line ([^>]*)>/.exec(markup) ?? [];
    expect(line).toMatch(/x2="236".*x1="140"/);
    expect(/class="chance"[^>]*><line ([^>]*)>/.exec(markup)?.[1]).toMatch(/x1="140"/);
    expect(markup).toContain('aria-label="V*: flexattn 50.0 %; guessing gets 25.0 %"');
  });

  it('has no line for chance where it is not known', () => {
    expect(intervalPlot({ title: 'V*', rows: [row] }).markup).not.toContain('chance');
  });

  it('shortens names that would run into the plot', () => {
    const { markup } = intervalPlot({ title: 'V*', rows: [{ ...row, model: 'flexattn-seven-billion' }] });
    expect(markup).toContain('>flexattn-seve…</text');
  });
});
