/** Above this score an answer counts as right: soft accuracies lie between 0 and 1. */
export const RIGHT = 0.5;

/** Whether an answer counts as right. */
export function isRight(score: number): boolean {
  return score > RIGHT;
}
