import type { BenchmarkSteps } from './benchmark.js';
import { LETTERS, listedOptions, type Choice } from './choices.js';
import { EvalError } from './errors.js';
import { bareOption, magnifierChoice } from './magnifier-choice.js';
import { pythonStrip } from './python-text.js';
import { LETTER_ONLY, MAX_NEW_TOKENS, visualPrompt } from './prompt.js';
import { strictChoice } from './strict-choice.js';
import { summariseParts } from './summary.js';

/** The protocol in which the model is shown no options, and a judge compares its words with the right one's. */
export const MAGNIFIER_FREEFORM = 'freeform';

/**
 * MagnifierBench. Protocol `multi`: four options, the answer's letter by the published extraction, the strict one beside
 * it; `freeform`: the question alone, a judge's yes or no. An answer without a verdict has no score (`NOT_JUDGED`).
 */
export const magnifier = {
  name: 'magnifier',
  about: 'small details of large photographs; four lettered options',
  version: '1',
  protocols: ['multi', MAGNIFIER_FREEFORM],
  published: {
    items: 283,
    targets: 1,
    folder: 'MagnifierBench',
    files: ['data_instructions.json', 'images.json'],
    source: 'https://huggingface.co/datasets/Otter-AI/MagnifierBench',
  },
  metrics: (protocol) =>
    protocol === MAGNIFIER_FREEFORM
      ? [{ name: `judged_${protocol}`, kind: 'binary' }]
      : [
          { name: `accuracy_${protocol}`, kind: 'binary' },
          { name: `accuracy_${protocol}_strict`, kind: 'binary' },
        ],
  prompt: ({ question }, protocol) => ({
    prompt: visualPrompt(
      protocol === MAGNIFIER_FREEFORM ? bareQuestion(question) : `${optionLines(question)}\n${LETTER_ONLY}`,
    ),
    maxNewTokens: MAX_NEW_TOKENS,
  }),
  extract: ({ question }, answer, protocol) => {
    if (!('text' in answer)) return { value: null, strict: null };
    if (protocol === MAGNIFIER_FREEFORM)
      return { value: answer.text.trim() || null, verdict: answer.verdict };
    const asked = optionLines(question);
    return {
      value: letterOf(magnifierChoice(answer.text, asked)),
      strict: letterOf(strictChoice(answer.text, asked)),
    };
  },
  score: ({ id, targets }, { value, strict, verdict }, protocol) => {
    if (protocol !== MAGNIFIER_FREEFORM) return [value, strict].map((read) => (read === targets[0] ? 1 : 0));
    if (verdict !== undefined) return [verdict === 'yes' ? 1 : 0];
    const hint = 'name a judge in the configuration';
    throw new EvalError('NOT_JUDGED', 'no judge has said whether this answer is right', { item: id, hint });
  },
  judgeQuestion: ({ question, targets: [truth = ''] }, answer, protocol) =>
    protocol === MAGNIFIER_FREEFORM ? { question: bareQuestion(question), answer, truth } : undefined,
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

/** The text that a letter stands for, or undefined where the options cannot be told apart. */
export function optionText(instruction: string, letter: (typeof LETTERS)[number]): string | undefined {
  const text = listedOptions(instruction)?.[LETTERS.indexOf(letter)];
  return text === undefined ? undefined : bareOption(text) || undefined;
}

/** Up to the first question mark; a question without one, up to its options. */
function bareQuestion(instruction: string): string {
  const [beforeMark = '', ...rest] = instruction.split('?');
  const bare = rest.length > 0 ? `${beforeMark}?` : (optionLines(instruction).split('\nA.')[0] ?? '');
  return pythonStrip(bare);
}

function letterOf(choice: Choice): string | null {
  return choice === 'other' ? null : choice;
}
