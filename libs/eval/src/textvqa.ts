import type { BenchmarkSteps } from './benchmark.js';
import { namedMetrics } from './named-metrics.js';
import { MAX_NEW_TOKENS, shortAnswerRequest, visualPrompt } from './prompt.js';
import { summariseParts } from './summary.js';

/**
 * TextVQA 0.5.1 validation: free answers to questions about text in pictures. Protocol `plain`: the question alone;
 * `ocr`: as LLaVA's question file has it, with "Reference OCR token: ..." in a line of its own.
 */
export const textvqa = {
  name: 'textvqa',
  about: 'text in photographs; free answers of ten annotators',
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
  metrics: (protocol) => [{ name: `vqa_accuracy_${protocol}`, kind: namedMetrics.vqa.kind }],
  prompt: (item) =>
    item.publishedPrompt === undefined
      ? shortAnswerRequest(item)
      : { prompt: visualPrompt(item.publishedPrompt), maxNewTokens: MAX_NEW_TOKENS },
  extract: namedMetrics.vqa.extract,
  score: (item, extraction) => [namedMetrics.vqa.score(item, extraction)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
