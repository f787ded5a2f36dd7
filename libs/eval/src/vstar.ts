import type { BenchmarkSteps } from './benchmark.js';
import { lettersOf } from './choices.js';
import { LETTER_ONLY, MAX_NEW_TOKENS, shortAnswerPrompt, visualPrompt } from './prompt.js';
import { strictLetter } from './strict-choice.js';
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
  version: '1',
  protocols: ['plain', 'original', VSTAR_LETTERS],
  published: {
    items: 191,
    targets: 1,
    folder: 'vstar_bench',
    files: VSTAR_PARTS,
    source: 'https://huggingface.co/datasets/craigwu/vstar_bench',
  },
  metrics: (protocol) => [{ name: `accuracy_${protocol}`, kind: 'binary' }],
  prompt: ({ question, options }, protocol) => {
    if (protocol === VSTAR_LETTERS) {
      const lines = options.map((text, i) => `(${lettersOf(options)[i] ?? ''}) ${text}`);
      const prompt = visualPrompt([question, ...lines, LETTER_ONLY].join('\n'));
      return { prompt, maxNewTokens: MAX_NEW_TOKENS };
    }
    return protocol === 'original'
      ? { prompt: visualPrompt(question), options, endToken: true }
      : { prompt: shortAnswerPrompt(question), options };
  },
  extract: ({ options }, answer) => ({
    value:
      ('losses' in answer
        ? options[onlyLowest(answer.losses)]
        : strictLetter(answer.text, lettersOf(options), options)) ?? null,
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
