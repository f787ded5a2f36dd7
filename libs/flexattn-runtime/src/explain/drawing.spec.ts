import { describe, expect, it } from 'vitest';
import { drawingOf } from './drawing.js';
import { explainAnswer } from './explanation.js';

/** Two tokens, layers 1 and 2, on a picture of 900 x 600: its first row of regions is padding alone. */
const explanation = explainAnswer(
  {
    text: 'a <b>',
    tokens: [5, 6],
    finish: 'length',
    regions: {
      grid: 9,
      hd: 72,
      steps: [
        [
          { layer: 1, rows: [3, 40] },
          { layer: 2, rows: [40, 41] },
        ],
        [
          { layer: 1, rows: [] },
          { layer: 2, rows: [41] },
        ],
      ],
    },
  },
  { width: 900, height: 600 },
);

describe('explainAnswer', () => {
  it('gives every token its layers, with boxes in pixels of the picture', () => {
    expect(explanation).toEqual({
      text: 'a <b>',
      finish: 'length',
      picture: { width: 900, height: 600 },
      grid: 9,
      steps: [
        {
          token: 5,
          text: '',
          layers: [
            {
              layer: 1,
              regions: [
                { index: 3, box: null },
                { index: 40, box: { x: 400, y: 250, width: 100, height: 100 } },
              ],
            },
            {
              layer: 2,
              regions: [
                { index: 40, box: { x: 400, y: 250, width: 100, height: 100 } },
                { index: 41, box: { x: 500, y: 250, width: 100, height: 100 } },
              ],
            },
          ],
        },
        {
          token: 6,
          text: '',
          layers: [
            { layer: 1, regions: [] },
            { layer: 2, regions: [{ index: 41, box: { x: 500, y: 250, width: 100, height: 100 } }] },
          ],
        },
      ],
    });
  });
});

/** Left edge and opacity of the outlines over the main picture (the first panel), most opaque last. */
function mainOutlines(token: number | undefined) {
  const { svg, panels } = drawingOf(explanation, token, 900);
  const [main] = panels;
  const [before = ''] = svg.split('chosen by so many');
  return [
    ...before.matchAll(/<rect x="([\d.]+)" y="([\d.]+)"[^>]*fill-opacity[^>]*stroke-opacity="([\d.]+)"/g),
  ].map((match) => ({
    x: Number(match[1]) - (main?.x ?? 0) - 2,
    y: Number(match[2]) - (main?.y ?? 0) - 2,
    opacity: Number(match[3]),
  }));
}

describe('drawingOf', () => {
  it('outlines what a token chose, the more opaque the more layers chose it', () => {
    expect(mainOutlines(0)).toEqual([
      { x: 500, y: 250, opacity: 0.6 },
      { x: 400, y: 250, opacity: 1 },
    ]);
  });

  it('takes all tokens together where none is named', () => {
    expect(mainOutlines(undefined)).toEqual([
      { x: 400, y: 250, opacity: 0.6 },
      { x: 500, y: 250, opacity: 0.6 },
    ]);
  });

  it('has a panel for the picture and one for every layer, inside the drawing and apart from each other', () => {
    const { panels, width, height } = drawingOf(explanation, 0, 900);
    expect(panels).toHaveLength(3);
    for (const [index, { x, y, ...size }] of panels.entries()) {
      expect(x >= 0 && y >= 0 && x + size.width <= width && y + size.height <= height).toBe(true);
      expect(size.width / size.height).toBeCloseTo(1.5, 1);
      for (const other of panels.slice(index + 1)) {
        expect(other.x >= x + size.width || other.y >= y + size.height).toBe(true);
      }
    }
  });

  it('draws a model that selects nothing', () => {
    const plain = { ...explanation, steps: [{ token: 5, text: 'a', layers: [] }] };
    expect(drawingOf(plain, 0, 300).panels).toHaveLength(1);
  });

  it('escapes what stands in the answer', () => {
    const odd = { ...explanation, text: 'a <b> & \u0000\n\u{fffe} 😀' };
    expect(drawingOf(odd, undefined, 300).svg).toContain('a &lt;b> &amp; \u{fffd} \u{fffd} 😀');
  });

  it('shortens a long answer', () => {
    expect(drawingOf({ ...explanation, text: 'x'.repeat(400) }, undefined, 300).svg).toContain(
      `: ${'x'.repeat(56)}…<`,
    );
  });
});
