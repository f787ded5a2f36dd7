/** A figure of a benchmark. `binary` scores are 0 or 1 (Wilson interval); `graded` ones lie between (bootstrap by picture). */
export interface Metric {
  name: string;
  kind: 'binary' | 'graded';
}

/**
 * What was read from an answer: `value` by the published rule, `strict` by a rule that does not flatter; null: nothing.
 * `verdict`: a judge's, where the metric is one.
 */
export interface Extraction {
  value: string | null;
  strict?: string | null;
  verdict?: Verdict | undefined;
}

/** Whether an answer says the same as the right one; a judge that says neither has judged nothing. */
export type Verdict = 'yes' | 'no';

/** What a judge is asked of a free answer. */
export interface JudgeQuestion {
  question: string;
  /** The model's, as it came. */
  answer: string;
  /** The right one. */
  truth: string;
}
