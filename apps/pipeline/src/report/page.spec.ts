import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { reportPage, type ReportContent } from './page.js';

const content: ReportContent = {
  run: 'tiny',
  setup: {
    data: { annotations: 'raw.json' },
    checkpoint: 'base',
    init: { extra: {} },
    models: [{ name: 'base', trained: false, selection: 'none' }],
    train: { steps: 1, batchSize: 1, learningRate: 1, freeze: [], seed: 1 },
  },
  results: {
    models: ['base'],
    results: { base: {} },
    comparisons: [],
    'n-samples': {},
    versions: {},
    config: { seed: 1, judge: 'none', eval: '0.1.0', benchmarks: {} },
    hashes: { items: '', benchmarks: {}, answers: {}, weights: {} },
    errors: {},
    rejects: {},
    warnings: ['vstar: 2 items'],
  },
  chance: new Map(),
  clean: { samples: 0, kept: 0, changed: {}, dropped: {} },
  curves: [],
  layers: [],
  sizes: [],
  cost: null,
  samples: {
    data: { columns: [], texts: [], edges: [], pictures: [], items: [] },
    judged: 'base',
    against: 'base',
    leftOut: { items: 0, regions: 0, pictures: 0 },
  },
  notes: ['a < b'],
};

describe('reportPage', () => {
  const page = reportPage(content);

  it.each(['style', 'script'])('allows its own %s by its hash and no other', (element) => {
    const [, text = ''] = new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page) ?? [];
    const hash = createHash('sha256').update(text).digest('base64');
    expect(text).not.toBe('');
    expect(page).toContain(`${element}-src &#39;sha256-${hash}&#39;;`);
    expect(page).toContain('content="default-src &#39;none&#39;;');
  });

  it('has one heading, and sections in order below it', () => {
    expect([...page.matchAll(/<(h\d)/g)].map(([, heading]) => heading)).toEqual([
      'h1',
      'h2',
      'h2',
      'h2',
      'h3',
    ]);
  });

  it('shows the notes and what eval warns of', () => {
    expect(page).toContain('a &lt; b');
    expect(page).toContain('vstar: 2 items');
  });

  it('has no verdict where no pair of models has a question', () => {
    expect(page).not.toContain('class="verdict"');
  });
});
