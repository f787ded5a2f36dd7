import type { BenchmarkSteps } from './benchmark.js';
import { withMeanOfParts } from './mean-of-parts.js';
import { namedMetrics } from './named-metrics.js';
import { shortAnswerRequest } from './prompt.js';

/** Types of questions that are asked, as the files name them; counts and areas are not. */
export const RSVQA_TYPES = ['presence', 'comp'] as const;

/** RSVQA HR, test set 2 (HRBEN): yes or no to questions about aerial pictures; accuracy of each type, and their mean. */
export const rsvqa = {
  name: 'rsvqa-hrben',
  about: 'aerial pictures; yes or no',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 62_554,
    targets: 1,
    files: ['USGS_split_test_phili_questions.json', 'USGS_split_test_phili_answers.json', 'Data'],
    source: 'https://zenodo.org/records/6344367 (RSVQA HR: questions and answers of test_phili, Images.tar)',
  },
  metrics: (protocol) => [{ name: `accuracy_${protocol}`, kind: namedMetrics.yesno.kind }],
  prompt: shortAnswerRequest,
  extract: namedMetrics.yesno.extract,
  score: (item, extraction) => [namedMetrics.yesno.score(item, extraction)],
  aggregate: withMeanOfParts,
} satisfies BenchmarkSteps;
