import { sampleLength } from './token-line.js';
import type { TokenLine } from './token-line.js';
import { tokenLengths } from './token-lengths.js';
import type { TokenLengths } from './token-lengths.js';

/** What `tokens.jsonl` holds. */
export interface TokenTotals {
  /** Samples that can be trained on. */
  samples: number;
  /** Their answers: turns that the model learns to give. */
  turns: number;
  /** Samples with a picture, and pictures among them. */
  withPicture: number;
  pictures: number;
  /** Samples cut at `modelMaxLength`; those of them that lose answer tokens. */
  cut: number;
  cutAnswers: number;
  /** Samples left out, by code: answers that are empty or beyond `modelMaxLength`, or what the tokenizer refused. */
  dropped: Record<string, number>;
  answerTokens: number;
  /** Answer tokens that are cut off, of samples left out too. */
  lostAnswerTokens: number;
  /** Of the sample with most. */
  mostAnswerTokens: number;
  /** Positions of samples with an answer, before cutting; absent where there is none. */
  lengths?: TokenLengths;
}

/** Counts samples as they are read or written. */
export class TokenTally {
  readonly #imageTokens: number;
  readonly #modelMaxLength: number;
  readonly #lengths = new Map<number, number>();
  readonly #pictures = new Set<string>();
  readonly #dropped: Record<string, number> = {};
  readonly #counts = {
    ...{ samples: 0, turns: 0, withPicture: 0, cut: 0, cutAnswers: 0 },
    ...{ answerTokens: 0, lostAnswerTokens: 0, mostAnswerTokens: 0 },
  };

  /**
   * @param imageTokens - L: positions that a picture takes
   * @param modelMaxLength - positions that the trainer keeps
   */
  constructor(imageTokens: number, modelMaxLength: number) {
    this.#imageTokens = imageTokens;
    this.#modelMaxLength = modelMaxLength;
  }

  /** Counts one sample in; says whether it can be trained on. */
  add(line: Pick<TokenLine, 'image' | 'inputIds' | 'answers'>): boolean {
    const length = sampleLength(line, this.#imageTokens, this.#modelMaxLength);
    const { positions, answerTokens, keptAnswerTokens } = length;
    const counts = this.#counts;
    if (answerTokens > 0) this.#lengths.set(positions, (this.#lengths.get(positions) ?? 0) + 1);
    counts.lostAnswerTokens += answerTokens - keptAnswerTokens;
    if (keptAnswerTokens === 0) {
      this.drop(answerTokens === 0 ? 'NO_ANSWER' : 'TOO_LONG');
      return false;
    }
    counts.samples += 1;
    counts.turns += line.answers.length;
    if (line.image !== null) {
      counts.withPicture += 1;
      this.#pictures.add(line.image);
    }
    counts.answerTokens += keptAnswerTokens;
    counts.mostAnswerTokens = Math.max(counts.mostAnswerTokens, keptAnswerTokens);
    if (positions > this.#modelMaxLength) counts.cut += 1;
    if (keptAnswerTokens < answerTokens) counts.cutAnswers += 1;
    return true;
  }

  /** Counts one sample out. */
  drop(code: string): void {
    this.#dropped[code] = (this.#dropped[code] ?? 0) + 1;
  }

  /** What was counted so far. */
  totals(): TokenTotals {
    const { samples, turns, withPicture, cut, cutAnswers, ...tokens } = this.#counts;
    const lengths = tokenLengths(this.#lengths);
    return {
      ...{ samples, turns, withPicture, pictures: this.#pictures.size, cut, cutAnswers },
      dropped: { ...this.#dropped },
      ...tokens,
      ...(lengths === undefined ? {} : { lengths }),
    };
  }
}
