import type { BenchmarkSteps } from './benchmark.js';
import type { Choice } from './choices.js';
import { magnifierChoice } from './magnifier-choice.js';
import { MAX_NEW_TOKENS, visualPrompt } from './prompt.js';
import { strictChoice } from './strict-choice.js';
import { summariseParts } from './summary.js';

const LETTER_ONLY = "Answer with the option's letter from the given choices directly.";

/** MagnifierBench, protocol `multi`: four options, the answer's letter by the published extraction, the strict one beside it. */
export const magnifier = {
  name: 'magnifier',
  version: '1',
  protocols: ['multi'],
  published: {
    items: 283,
    targets: 1,
    folder: 'MagnifierBench',
    files: ['data_instructions.json', 'images.json'],
    source: 'https://huggingface.co/datasets/Otter-AI/MagnifierBench',
  },
  metrics: (protocol) => [
    { name: `accuracy_${protocol}`, kind: 'binary' },
    { name: `accuracy_${protocol}_strict`, kind: 'binary' },
  ],
  prompt: ({ question }) => ({
    prompt: visualPrompt(`${optionLines(question)}\n${LETTER_ONLY}`),
    maxNewTokens: MAX_NEW_TOKENS,
  }),
  extract: ({ question }, answer) => {
    if (!('text' in answer)) return { value: null, strict: null };
    const asked = optionLines(question);
    return {
      value: letterOf(magnifierChoice(answer.text, asked)),
      strict: letterOf(strictChoice(answer.text, asked)),
    };
  },
  score: ({ targets }, { value, strict }) => [value === targets[0] ? 1 : 0, strict === targets[0] ? 1 : 0],
  aggregate: summariseParts,
} satisfies BenchmarkSteps;

/** "... A. red, B. blue" with a line for each option, as the published script asks (and reads the answer against). */
function optionLines(instruction: string): string {
  return instruction
    .replaceAll(' A.', '\nA.')
    .replaceAll(', B.', '\nB.')
    .replaceAll(', C.', '\nC.')
    .replaceAll(', D.', '\nD.');
}

function letterOf(choice: Choice): string | null {
  return choice === 'other' ? null : choice;
}
