import { sampleLength } from './token-line.js';
import type { Encoded } from './token-line.js';

/** What `tokens.jsonl` holds. */
export interface TokenTotals {
  /** Samples that can be trained on. */
  samples: number;
  /** Of them, cut at `modelMaxLength`. */
  cut: number;
  /** Samples left out, by code: answers that are empty or beyond `modelMaxLength`, or what the tokenizer refused. */
  dropped: Record<string, number>;
  answerTokens: number;
  /** Positions of the longest sample, before cutting. */
  longest: number;
}

/** Totals of no sample. */
export function noTotals(): TokenTotals {
  return { samples: 0, cut: 0, dropped: {}, answerTokens: 0, longest: 0 };
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
    countDropped(totals, answerTokens === 0 ? 'NO_ANSWER' : 'TOO_LONG');
    return false;
  }
  totals.samples += 1;
  totals.answerTokens += keptAnswerTokens;
  if (positions > modelMaxLength) totals.cut += 1;
  return true;
}

/** Counts one sample out. */
export function countDropped({ dropped }: TokenTotals, code: string): void {
  dropped[code] = (dropped[code] ?? 0) + 1;
}
