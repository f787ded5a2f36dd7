import type { BenchmarkSteps } from './benchmark.js';
import { namedMetrics } from './named-metrics.js';
import { shortAnswerRequest } from './prompt.js';
import { summariseParts } from './summary.js';

/** DocVQA validation: free answers to questions about scanned pages, scored by their likeness (ANLS). */
export const docvqa = {
  name: 'docvqa',
  about: 'scanned pages; free answers, scored by likeness (ANLS)',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 5349,
    files: [
      ['val_v1.0_withQT.json', 'qas/val_v1.0_withQT.json'],
      ['documents', 'images', 'spdocvqa_images'],
    ],
    source: 'https://rrc.cvc.uab.es/?ch=17&com=downloads (Task 1: annotations and images)',
  },
  metrics: (protocol) => [{ name: `anls_${protocol}`, kind: namedMetrics.anls.kind }],
  prompt: shortAnswerRequest,
  extract: namedMetrics.anls.extract,
  score: (item, extraction) => [namedMetrics.anls.score(item, extraction)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
