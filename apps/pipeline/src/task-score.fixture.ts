import type { TaskScore } from '@flexattn/eval';

/** The score of 100 items without a fault, and what is `given` over it. */
export const taskScore = (given: Partial<TaskScore> = {}): TaskScore => ({
  protocol: 'plain',
  metric: 'accuracy',
  n: 100,
  errors: 0,
  unjudged: 0,
  unparseable: 0,
  empty: 0,
  cut: 0,
  interval95: null,
  choices: null,
  positionBias: null,
  ...given,
});
