import type { BenchmarkSteps } from './benchmark.js';
import { processAnswer } from './process-answer.js';
import { MAX_NEW_TOKENS, shortAnswerPrompt } from './prompt.js';
import { summariseParts } from './summary.js';
import { agreement } from './textvqa-accuracy.js';

/** TextVQA 0.5.1 validation: free answers to questions about text in pictures. Protocol `plain`: no OCR tokens in the prompt. */
export const textvqa = {
  name: 'textvqa',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 5000,
    targets: 10,
    files: ['TextVQA_0.5.1_val.json', 'train_images'],
    source: 'https://textvqa.org/dataset (TextVQA_0.5.1_val.json and train_val_images.zip)',
  },
  metrics: (protocol) => [{ name: `vqa_accuracy_${protocol}`, kind: 'graded' }],
  prompt: ({ question }) => ({ prompt: shortAnswerPrompt(question), maxNewTokens: MAX_NEW_TOKENS }),
  extract: (_, answer) => ({ value: 'text' in answer ? processAnswer(answer.text) : null }),
  score: ({ targets }, { value }) => [value === null ? 0 : agreement(value, targets)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
