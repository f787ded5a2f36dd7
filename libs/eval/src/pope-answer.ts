import { EvalError } from './errors.js';

export type YesNo = 'yes' | 'no';

/** Words that make an answer a no, as the published script spells them: "NO" is none of them. */
const NO_WORDS = ['No', 'not', 'no'];

/**
 * What POPE's published script reads from an answer: "no" where one of the words No, not and no stands in the first
 * sentence (up to the first full stop, commas dropped, words apart by spaces), else "yes". An empty answer is a "yes".
 */
export function popeAnswer(prediction: string): YesNo {
  const [sentence = ''] = prediction.split('.');
  const words = sentence.replaceAll(',', '').split(' ');
  return words.some((word) => NO_WORDS.includes(word)) ? 'no' : 'yes';
}

/** Scores of POPE, each 0 to 1; "yes" is the positive class. */
export interface PopeScores {
  accuracy: number;
  precision: number;
  recall: number;
  f1: number;
  /** Share of the answers that are "yes". */
  yesRatio: number;
}

/**
 * Scores of answers against labels of the same order. Where nothing was answered, or is, "yes", what would be divided by
 * zero is 0. No answers, or another number of labels: `NO_VALUES`.
 */
export function popeScores(answers: readonly YesNo[], labels: readonly YesNo[]): PopeScores {
  if (answers.length === 0 || answers.length !== labels.length) {
    const what = `expected an answer for each label, got ${answers.length} for ${labels.length}`;
    throw new EvalError('NO_VALUES', what, { hint: 'give both in the same order' });
  }
  const count = (answer: YesNo, label: YesNo) =>
    answers.filter((one, i) => one === answer && labels[i] === label).length;
  return popeRates(
    { bothYes: count('yes', 'yes'), wrongYes: count('yes', 'no'), wrongNo: count('no', 'yes') },
    answers.length,
  );
}

/** How often an answer and its label are both "yes", and how often only one is. */
export interface PopeCounts {
  bothYes: number;
  wrongYes: number;
  wrongNo: number;
}

/** The scores that `counts` of `n` answers make. */
export function popeRates({ bothYes, wrongYes, wrongNo }: PopeCounts, n: number): PopeScores {
  const precision = share(bothYes, bothYes + wrongYes);
  const recall = share(bothYes, bothYes + wrongNo);
  return {
    accuracy: share(n - wrongYes - wrongNo, n),
    precision,
    recall,
    f1: share(2 * precision * recall, precision + recall),
    yesRatio: share(bothYes + wrongYes, n),
  };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
