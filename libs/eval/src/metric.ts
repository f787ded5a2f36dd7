/** A figure of a benchmark. `binary` scores are 0 or 1 (Wilson interval); `graded` ones lie between (bootstrap by picture). */
export interface Metric {
  name: string;
  kind: 'binary' | 'graded';
}

/** What was read from an answer: `value` by the published rule, `strict` by a rule that does not flatter; null: nothing. */
export interface Extraction {
  value: string | null;
  strict?: string | null;
}
