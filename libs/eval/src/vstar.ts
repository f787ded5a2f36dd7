import type { BenchmarkSteps } from './benchmark.js';
import { namedMetrics } from './named-metrics.js';
import { letterRequest, shortAnswerPrompt, visualPrompt } from './prompt.js';
import { summariseParts } from './summary.js';

/** Folders of V*, each a part with a score of its own. */
export const VSTAR_PARTS = ['direct_attributes', 'relative_position'] as const;

/** The protocol in which the model answers with a letter. */
export const VSTAR_LETTERS = 'letters';

/**
 * V* bench. Protocol `plain`: the option with the lowest mean loss is the model's choice, no end token; `original`, as
 * its authors (SEAL) do it: the question alone, end token included; `letters`: the model writes the letter of an option.
 * Options go to the model as they stand in the file. A tie for the lowest loss chooses nothing: the published script
 * gives it to the first option, which is always right.
 */
export const vstar = {
  name: 'vstar',
  about: 'small details of large photographs; options',
  version: '1',
  protocols: ['plain', 'original', VSTAR_LETTERS],
  published: {
    items: 191,
    parts: { direct_attributes: 115, relative_position: 76 },
    targets: 1,
    folder: 'vstar_bench',
    files: VSTAR_PARTS,
    source: 'https://huggingface.co/datasets/craigwu/vstar_bench',
  },
  metrics: (protocol) => [{ name: `accuracy_${protocol}`, kind: namedMetrics.choice.kind }],
  prompt: (item, protocol) => {
    const { question, options } = item;
    if (protocol === VSTAR_LETTERS) return letterRequest(item);
    return protocol === 'original'
      ? { prompt: visualPrompt(question), options, endToken: true }
      : { prompt: shortAnswerPrompt(question), options };
  },
  extract: namedMetrics.choice.extract,
  score: (item, extraction) => [namedMetrics.choice.score(item, extraction)],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;
