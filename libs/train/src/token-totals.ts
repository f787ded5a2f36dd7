import { sampleLength } from './token-line.js';
import type { Encoded } from './token-line.js';

/** What `tokens.jsonl` holds. */
export interface TokenTotals {
  /** Samples that can be trained on. */
  samples: number;
  /** Of them, cut at `modelMaxLength`. */
  cut: number;
  /** Samples whose answers are empty, or lie beyond `modelMaxLength`. */
  dropped: { NO_ANSWER: number; TOO_LONG: number };
  answerTokens: number;
  /** Positions of the longest sample, before cutting. */
  longest: number;
}

/** Totals of no sample. */
export function noTotals(): TokenTotals {
  return { samples: 0, cut: 0, dropped: { NO_ANSWER: 0, TOO_LONG: 0 }, answerTokens: 0, longest: 0 };
}

/** Counts one sample in; says whether it can be trained on. */
export function countSample(
  totals: TokenTotals,
  encoded: Encoded,
  imageTokens: number,
  modelMaxLength: number,
): boolean {
  const { positions, answerTokens, keptAnswerTokens } = sampleLength(encoded, imageTokens, modelMaxLength);
  totals.longest = Math.max(totals.longest, positions);
  if (keptAnswerTokens === 0) {
    totals.dropped[answerTokens === 0 ? 'NO_ANSWER' : 'TOO_LONG'] += 1;
    return false;
  }
  totals.samples += 1;
  totals.answerTokens += keptAnswerTokens;
  if (positions > modelMaxLength) totals.cut += 1;
  return true;
}
