import type { BenchmarkSteps } from './benchmark.js';
import { namedMetrics } from './named-metrics.js';
import { MAX_NEW_TOKENS, visualPrompt } from './prompt.js';
import { summariseParts } from './summary.js';

/** Boxes of at most this share of the picture are small: a part with a score of its own. */
export const SMALL_SHARE = 0.05;

/** Splits, each a protocol of its own, with their numbers of expressions. The paper's is the first. */
const SPLITS = {
  refcocog_val: 4896,
  refcocog_test: 9602,
  refcoco_val: 10_834,
  refcoco_testA: 5657,
  refcoco_testB: 5095,
  'refcoco+_val': 10_758,
  'refcoco+_testA': 5726,
  'refcoco+_testB': 4889,
};
const SOURCE =
  'https://github.com/QwenLM/Qwen-VL/blob/master/eval_mm/EVALUATION.md (RefCOCO) and http://images.cocodataset.org/zips/train2014.zip';

/**
 * RefCOCO, RefCOCO+ and RefCOCOg: the box of what a sentence describes, right where it overlaps the annotated one by half.
 * Pictures are stretched to a square, so coordinates are shares of width and height. Small and large boxes apart.
 */
export const refcoco = {
  name: 'refcoco',
  about: 'photographs; the box of what a sentence describes',
  version: '1',
  protocols: Object.keys(SPLITS),
  published: {
    items: SPLITS.refcocog_val,
    targets: 1,
    files: ['train2014'],
    source: SOURCE,
    protocolFiles: Object.fromEntries(
      Object.entries(SPLITS).map(([split, items]) => [
        split,
        { files: [`${split}.jsonl`], items, source: SOURCE },
      ]),
    ),
  },
  metrics: (protocol) => [{ name: `accuracy_${protocol}`, kind: namedMetrics.iou.kind }],
  prompt: ({ question }) => ({
    prompt: visualPrompt(
      `Please provide the bounding box coordinate of the region this sentence describes: ${question}.`,
    ),
    maxNewTokens: MAX_NEW_TOKENS,
    stretch: true,
  }),
  extract: namedMetrics.iou.extract,
  score: (item, extraction) => [namedMetrics.iou.score(item, extraction)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
