import { describe, expect, it } from 'vitest';
import { sampleSection, type Sample } from './sample-section.js';

const sample: Sample = {
  id: 'vstar/1',
  title: 'V*: direct attributes',
  question: 'Which way?\nOne word.',
  options: [],
  targets: ['rising'],
  picture: { href: 'data:image/png;base64,AA==', width: 180, height: 100 },
  stretched: false,
  answers: [{ model: 'flexattn', position: 2, text: 'rising', score: 1, losses: null }],
  regions: null,
};

const regions = {
  model: 'flexattn',
  grid: 9,
  hd: 72,
  choices: [
    { layer: 1, rows: [18, 40] },
    { layer: 2, rows: [40] },
    { layer: 3, rows: [40] },
  ],
};

const rects = (markup: string) => [...markup.matchAll(/<rect([^>]*)>/g)].map(([, attributes]) => attributes);

describe('sampleSection', () => {
  it('draws a region the stronger, the more layers chose it', () => {
    const drawn = rects(sampleSection([{ ...sample, regions }], 'flexattn').markup);
    expect(drawn).toHaveLength(2);
    expect(drawn[0]).toMatch(
      /x="0"\s+y="0"\s+width="20"\s+height="20"\s+fill-opacity="0.12"\s+data-layers="1"/,
    );
    expect(drawn[1]).toMatch(
      /x="80"\s+y="40"\s+width="20"\s+height="20"\s+fill-opacity="0.4"\s+data-layers="1 2 3"/,
    );
  });

  it('draws those of a stretched picture on each axis apart', () => {
    const { markup } = sampleSection([{ ...sample, stretched: true, regions }], 'flexattn');
    expect(rects(markup)).toHaveLength(2);
    expect(markup).toMatch(/<rect\s+x="80"\s+y="44"\s+width="20"\s+height="12"/);
  });

  it('tells the regions in words, for those who do not see them', () => {
    expect(sampleSection([{ ...sample, regions }], 'flexattn').markup).toContain(
      'aria-label="Picture of vstar/1; of 81 regions layer 1 chose 2, layer 2 chose 1, layer 3 chose 1"',
    );
  });

  it('has no controls where no model chooses regions', () => {
    const { markup } = sampleSection([sample], 'low-res');
    expect(markup).not.toContain('show-regions');
    expect(markup).not.toContain('type="range"');
    expect(rects(markup)).toEqual([]);
  });

  it.each([
    [1, 'right'],
    [0, 'wrong'],
    [0.3, 'wrong (0.3)'],
    [0.9, 'right (0.9)'],
  ])('marks a score of %d as %s', (score, mark) => {
    const answers = sample.answers.map((answer) => ({ ...answer, score }));
    expect(sampleSection([{ ...sample, answers }], 'flexattn').markup).toContain(`</span> ${mark}`);
  });

  it('says so where there is nothing to show', () => {
    expect(sampleSection([], 'flexattn').markup).toContain('No item was answered by every model.');
  });
});
