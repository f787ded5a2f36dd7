import type { EvalResults } from '@flexattn/eval';
import { describe, expect, it } from 'vitest';
import { markdownSummary } from './markdown.js';

const score = (value: number) => ({
  protocol: 'plain',
  metric: 'accuracy_plain',
  interval95: null,
  choices: null,
  positionBias: null,
  n: 191,
  errors: 0,
  unjudged: 0,
  unparseable: null,
  empty: null,
  cut: null,
  accuracy_plain: value,
  accuracy_plain_stderr: 0.03,
  accuracy_plain_interval95: [value - 0.05, value + 0.05] as [number, number],
});

const results: Pick<EvalResults, 'models' | 'results' | 'versions' | 'comparisons' | 'warnings'> = {
  models: ['low|res', 'flexattn'],
  results: { 'low|res': { vstar: score(0.5) }, flexattn: { vstar: score(0.75) } },
  versions: { vstar: '1' },
  comparisons: [],
  warnings: ['<img src=x> @somebody'],
};

describe('markdownSummary', () => {
  const lines = markdownSummary('tiny', results, []).split('\n');

  it('has a line for each task, with n and intervals', () => {
    expect(lines).toContain('| V\\* | 191 | 50.0 (45.0 to 55.0) | 75.0 (70.0 to 80.0) |');
  });

  it('shows what could be markup as text', () => {
    expect(lines).toContain('| Benchmark | n | low\\|res | flexattn |');
    expect(lines).toContain('- \\<img src=x\\> \\@somebody');
  });

  it('has no verdict where no pair of models has a question', () => {
    expect(lines.join('\n')).not.toContain('Asked the same questions');
    const setups = [
      { name: 'low|res', trained: true, selection: 'none' },
      { name: 'flexattn', trained: true, selection: 'attention' },
    ] as const;
    expect(markdownSummary('tiny', results, setups)).toContain('nothing can be said about their difference');
  });
});
