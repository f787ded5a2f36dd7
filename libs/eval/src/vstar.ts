import type { BenchmarkSteps } from './benchmark.js';
import { shortAnswerPrompt } from './prompt.js';
import { summariseParts } from './summary.js';

/** Folders of V*, each a part with a score of its own. */
export const VSTAR_PARTS = ['direct_attributes', 'relative_position'] as const;

/**
 * V* bench: the option with the lowest mean loss is the model's choice; the first option is the right one.
 * Options go to the model as they stand in the file. A tie for the lowest loss chooses nothing: the published script
 * gives it to the first option, which is always right.
 */
export const vstar = {
  name: 'vstar',
  version: '1',
  protocols: ['plain'],
  published: {
    items: 191,
    targets: 1,
    folder: 'vstar_bench',
    files: VSTAR_PARTS,
    source: 'https://huggingface.co/datasets/craigwu/vstar_bench',
  },
  metrics: (protocol) => [{ name: `accuracy_${protocol}`, kind: 'binary' }],
  prompt: ({ question, options }) => ({ prompt: shortAnswerPrompt(question), options }),
  extract: ({ options }, answer) => ({
    value: 'losses' in answer ? (options[onlyLowest(answer.losses)] ?? null) : null,
  }),
  score: ({ targets }, { value }) => [value === targets[0] ? 1 : 0],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;

/** Index of the lowest loss, -1 where two share it. */
function onlyLowest(losses: readonly number[]): number {
  const lowest = Math.min(...losses);
  const at = losses.indexOf(lowest);
  return losses.includes(lowest, at + 1) ? -1 : at;
}
