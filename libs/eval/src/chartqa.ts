import type { BenchmarkSteps } from './benchmark.js';
import { withMeanOfParts } from './mean-of-parts.js';
import { namedMetrics } from './named-metrics.js';
import { shortAnswerRequest } from './prompt.js';

/** Halves of ChartQA by the file that holds them: questions that people wrote, and generated ones. */
export const CHARTQA_PARTS = { human: 'test_human.json', augmented: 'test_augmented.json' } as const;

/** ChartQA test: free answers to questions about charts; relaxed accuracy of the halves, and their mean. */
export const chartqa = {
  name: 'chartqa',
  about: 'charts; free answers, numbers may be 5 % off',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 2500,
    parts: { human: 1250, augmented: 1250 },
    targets: 1,
    folder: 'test',
    files: [...Object.values(CHARTQA_PARTS), 'png'],
    source: 'https://github.com/vis-nlp/ChartQA (ChartQA Dataset/test)',
  },
  metrics: (protocol) => [{ name: `relaxed_accuracy_${protocol}`, kind: namedMetrics.relaxed.kind }],
  prompt: shortAnswerRequest,
  extract: namedMetrics.relaxed.extract,
  score: (item, extraction) => [namedMetrics.relaxed.score(item, extraction)],
  aggregate: withMeanOfParts,
} satisfies BenchmarkSteps;
