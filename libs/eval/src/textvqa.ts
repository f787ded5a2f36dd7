import type { BenchmarkSteps } from './benchmark.js';
import { processAnswer } from './process-answer.js';
import { MAX_NEW_TOKENS, shortAnswerPrompt, visualPrompt } from './prompt.js';
import { summariseParts } from './summary.js';
import { agreement } from './textvqa-accuracy.js';

/**
 * TextVQA 0.5.1 validation: free answers to questions about text in pictures. Protocol `plain`: the question alone;
 * `ocr`: as LLaVA's question file has it, with "Reference OCR token: ..." in a line of its own.
 */
export const textvqa = {
  name: 'textvqa',
  version: '1',
  protocols: ['plain', 'ocr'],
  published: {
    items: 5000,
    targets: 10,
    files: ['TextVQA_0.5.1_val.json', 'train_images'],
    source: 'https://textvqa.org/dataset (TextVQA_0.5.1_val.json and train_val_images.zip)',
    protocolFiles: {
      ocr: {
        files: ['llava_textvqa_val_v051_ocr.jsonl'],
        source: 'eval.zip of https://github.com/haotian-liu/LLaVA/blob/main/docs/Evaluation.md',
      },
    },
  },
  metrics: (protocol) => [{ name: `vqa_accuracy_${protocol}`, kind: 'graded' }],
  prompt: ({ question, publishedPrompt }) => ({
    prompt: publishedPrompt === undefined ? shortAnswerPrompt(question) : visualPrompt(publishedPrompt),
    maxNewTokens: MAX_NEW_TOKENS,
  }),
  extract: (_, answer) => ({ value: 'text' in answer ? processAnswer(answer.text) : null }),
  score: ({ targets }, { value }) => [value === null ? 0 : agreement(value, targets)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
