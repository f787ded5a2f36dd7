import { describe, expect, it } from 'vitest';
import { sampleSection, type Samples } from './sample-section.js';

const samples: Samples = {
  data: {
    columns: ['low-res', 'flexattn'],
    texts: ['V*', '', 'Which way? </script><b>'],
    edges: [],
    pictures: [[null, 'a.png', 0]],
    items: [['vstar/1', 0, 1, 1, 2, [], [], 0, 0, [null, null], []]],
  },
  judged: 'flexattn',
  against: 'low-res',
  leftOut: { items: 0, regions: 0, pictures: 0 },
};

describe('sampleSection', () => {
  it('holds the samples as JSON that no text in them ends', () => {
    const { markup } = sampleSection(samples);
    const [, json = ''] =
      /<script type="application\/json" id="sample-data">(.*?)<\/script>/.exec(markup) ?? [];
    expect(JSON.parse(json)).toEqual(samples.data);
    expect(markup.match(/<\/script>/g)).toHaveLength(1);
  });

  it('begins with the two models whose difference is the question', () => {
    const chosen = [...sampleSection(samples).markup.matchAll(/value="([^"]*)" selected/g)];
    expect(chosen.map(([, value]) => value)).toEqual(['', 'flexattn', '', 'low-res']);
  });

  it.each([
    ['items', 'further items have no room'],
    ['regions', 'chosen regions of 1,234 items'],
    ['pictures', '1,234 pictures are not in this file'],
  ] as const)('says how many %s are not in the page', (part, remark) => {
    expect(sampleSection(samples).markup).not.toContain(remark);
    const leftOut = { ...samples.leftOut, [part]: 1234 };
    expect(sampleSection({ ...samples, leftOut }).markup).toContain(remark);
  });
});
