import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { sweepPage, sweepPicture } from './sweep-page.js';
import { sweepPoints } from './sweep-points.js';
import { resultsOf } from './sweep-results.fixture.js';
import { ablationPoints, sweepRows } from './sweep-rows.js';

const HOSTILE = '</style><script>alert(1)</script>"onload=\'x';

function contentOf(model: string, value: string | number) {
  const points = sweepPoints([{ 'models.0.threshold': [value, 48] }, { 'data.images': [HOSTILE, 'b'] }]);
  const rows = points.flatMap((point) =>
    sweepRows(point, resultsOf({ [model]: { [HOSTILE]: 0.5 }, two: { [HOSTILE]: 0.25 } })),
  );
  return { run: HOSTILE, points, rows, plots: ablationPoints(points, rows) };
}

describe('sweepPage', () => {
  it('has a plot for each axis, and every score with its interval and n', () => {
    const { document } = parseHTML(sweepPage(contentOf('one', 16)));
    const headings = Array.from(document.querySelectorAll('h2'), ({ textContent }) => textContent);
    expect(headings).toEqual(['By models.0.threshold', 'By data.images', 'Scores']);
    expect(document.querySelectorAll('svg.ablation')).toHaveLength(2);
    expect(document.querySelectorAll('table')).toHaveLength(4);
    const cell = document.querySelector('td')?.textContent.replace(/\s+/g, ' ').trim();
    expect(cell).toBe('50.040.0 to 60.0n = 100');
    expect(document.querySelector('caption')?.textContent.trim()).toBe('models.0.threshold = 16');
  });

  it('shows hostile names as text, in tables and in plots', () => {
    const page = sweepPage(contentOf(HOSTILE, HOSTILE));
    const { document } = parseHTML(page);
    expect(document.querySelectorAll('script, [onload]')).toHaveLength(0);
    expect(page.match(/<\/style>/g)).toHaveLength(1);
    expect(document.querySelector('h1')?.textContent).toContain(HOSTILE);
    const shown = Array.from(
      document.querySelectorAll('svg.ablation title'),
      ({ textContent }) => textContent,
    );
    expect(shown[0]).toContain(HOSTILE);
  });

  it('allows its own style by its hash, and nothing else', () => {
    const page = sweepPage(contentOf('one', 16));
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(page) ?? [];
    expect(page).toContain(`sha256-${createHash('sha256').update(style).digest('base64')}`);
    expect(page).not.toMatch(/ style="/);
  });
});

describe('sweepPicture', () => {
  it('stands for itself: both plots, a legend each, no text as markup', () => {
    const picture = sweepPicture(contentOf(HOSTILE, 16).plots);
    const { document } = parseHTML(picture);
    expect(picture).toMatch(/^<svg\s+xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(document.querySelectorAll('svg.ablation')).toHaveLength(2);
    expect(document.querySelectorAll('script, [onload]')).toHaveLength(0);
    expect(picture).not.toMatch(/light-dark|var\(/);
  });

  it('draws a line for each model through its scores', () => {
    const { document } = parseHTML(sweepPicture(contentOf('one', 16).plots));
    const lines = Array.from(document.querySelectorAll('[aria-label=line] path'), (line) =>
      line.getAttribute('d'),
    );
    // Scores that do not change: level, the first model's above the second's.
    const heights = lines.map((d) => [...(d ?? '').matchAll(/,([\d.]+)/g)].map(([, y]) => Number(y)));
    expect(heights).toHaveLength(4);
    for (const [from, to] of heights) expect(from).toBe(to);
    expect(heights[0]?.[0]).toBeLessThan(heights[1]?.[0] ?? 0);
  });
});
