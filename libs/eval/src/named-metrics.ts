import { anls } from './anls.js';
import type { Answer } from './answer.js';
import { iou, namesBox, parseBox } from './box.js';
import { lettersOf } from './choices.js';
import { EvalError } from './errors.js';
import type { Item } from './item.js';
import type { Extraction, Metric } from './metric.js';
import { plainAnswer, yesNo } from './plain-answer.js';
import { processAnswer } from './process-answer.js';
import { relaxedAccuracy } from './relaxed-accuracy.js';
import { strictLetter } from './strict-choice.js';
import { agreement } from './textvqa-accuracy.js';

/** A way to read answers and to score them by an item's targets, shared by benchmarks. */
export interface NamedMetric extends Pick<Metric, 'kind'> {
  /** One line for people. */
  about: string;
  extract(item: Item, answer: Answer): Extraction;
  /** 0 to 1; an `EvalError` is recorded for the item. */
  score(item: Item, extraction: Extraction): number;
}

/** Boxes that overlap by at least this much name the same thing (RefCOCO). */
const SAME_BOX = 0.5;

/** The metrics that a benchmark may name. */
export const namedMetrics = {
  exact: {
    kind: 'binary',
    about: 'the same words as one of the answers; case, white space and marks around it aside',
    extract: (_, answer) => ({ value: plainAnswer(textOf(answer)) || null }),
    score: ({ targets }, { value }) => (targets.some((target) => plainAnswer(target) === value) ? 1 : 0),
  },
  vqa: {
    kind: 'graded',
    about: 'soft accuracy of VQA: agreement with the annotators, both sides processed',
    extract: (_, answer) => ({ value: 'text' in answer ? processAnswer(answer.text) : null }),
    score: ({ targets }, { value }) => (value === null ? 0 : agreement(value, targets)),
  },
  anls: {
    kind: 'graded',
    about: 'average normalised Levenshtein similarity, threshold 0.5',
    extract: (_, answer) => ({ value: textOf(answer).trim() || null }),
    score: ({ targets }, { value }) => anls(value ?? '', targets),
  },
  relaxed: {
    kind: 'binary',
    about: 'numbers within 5 % of the label, other texts equal but for case',
    extract: (_, answer) => ({ value: textOf(answer).trim() || null }),
    score: ({ targets }, { value }) =>
      Math.max(0, ...targets.map((target) => relaxedAccuracy(value ?? '', target))),
  },
  choice: {
    kind: 'binary',
    about: 'the right one of the options: the lowest loss (a tie chooses none), or the letter that is said',
    extract: (item, answer) => ({ value: chosenOption(item, answer) ?? null }),
    score: ({ targets }, { value }) => (value === targets[0] ? 1 : 0),
  },
  iou: {
    kind: 'binary',
    about: 'a box that overlaps the right one by at least half of their union',
    extract: ({ id }, answer) => ({ value: boxText(id, textOf(answer)) }),
    score: ({ targets: [target = ''] }, { value }) => {
      const [said, right] = [parseBox(value ?? ''), parseBox(target)];
      return said !== null && right !== null && iou(said, right) >= SAME_BOX ? 1 : 0;
    },
  },
  yesno: {
    kind: 'binary',
    about: 'yes or no as the first word; another answer is wrong',
    extract: (_, answer) => ({ value: yesNo(textOf(answer)) }),
    score: ({ targets: [target = ''] }, { value }) => (value !== null && value === yesNo(target) ? 1 : 0),
  },
} satisfies Record<string, NamedMetric>;

/** Name of one of `namedMetrics`. */
export type MetricName = keyof typeof namedMetrics;

function textOf(answer: Answer): string {
  return 'text' in answer ? answer.text : '';
}

function chosenOption({ options }: Item, answer: Answer): string | undefined {
  if ('losses' in answer) return options[onlyLowest(answer.losses)];
  const letters = lettersOf(options);
  return options[letters.indexOf(strictLetter(answer.text, letters, options) ?? '')];
}

/** Index of the lowest loss, -1 where two share it. */
function onlyLowest(losses: readonly number[]): number {
  const lowest = Math.min(...losses);
  const at = losses.indexOf(lowest);
  return losses.includes(lowest, at + 1) ? -1 : at;
}

/** The box of an answer as text; an answer without one names nothing, a broken one is an error. */
function boxText(id: string, text: string): string | null {
  const box = parseBox(text);
  if (box !== null) return JSON.stringify(box);
  if (!namesBox(text)) return null;
  const shown = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
  const hint = 'see what the model says';
  throw new EvalError('BOX_INVALID', `expected a box of four finite numbers, got ${shown}`, {
    item: id,
    hint,
  });
}
