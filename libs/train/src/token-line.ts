import { z } from 'zod';
import { TrainError } from './errors.js';

/** Stands in `inputIds` where the low-resolution image tokens go, as in LLaVA. */
const IMAGE_TOKEN_INDEX = -200;

/** [begin, end) in token ids. */
export type Span = [begin: number, end: number];

/** A tokenised conversation. */
export interface Encoded {
  /** Token ids, with at most one -200. */
  inputIds: number[];
  /** What the model has to predict: the answers with their end token. */
  answers: Span[];
}

/** One line of `tokens.jsonl`. */
export interface TokenLine extends Encoded {
  id: string;
  /** Path below the image root; null is a blank picture where the ids have -200. */
  image: string | null;
}

const lineSchema = z.strictObject({
  id: z.string(),
  image: z.string().nullable(),
  inputIds: z.array(z.number().int()).min(1),
  answers: z.array(z.tuple([z.number().int(), z.number().int()])),
});

/** Parses one line of `tokens.jsonl`; `BAD_TOKENS` with file and line number. */
export function parseTokenLine(value: unknown, file: string, line: number): TokenLine {
  const result = lineSchema.safeParse(value);
  const problem = result.success
    ? encodingProblem(result.data)
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
  if (result.success && problem === undefined) return result.data;
  throw new TrainError('BAD_TOKENS', problem ?? 'unexpected content', {
    file,
    item: `line ${line}`,
    hint: 'write the training data again',
  });
}

/** What is wrong with ids and spans, if anything: a span starts after a token and inside the ids, off the image. */
export function encodingProblem({ inputIds, answers }: Encoded): string | undefined {
  const at = inputIds.indexOf(IMAGE_TOKEN_INDEX);
  if (at !== inputIds.lastIndexOf(IMAGE_TOKEN_INDEX))
    return 'inputIds: expected at most one image token (-200), got more';
  if (inputIds.some((id) => id < 0 && id !== IMAGE_TOKEN_INDEX))
    return 'inputIds: expected token ids, got one below 0';
  for (const [begin, end] of answers) {
    if (begin < 1 || end < begin || end > inputIds.length)
      return `answers: [${begin}, ${end}) is not inside the ${inputIds.length} ids behind the first`;
    if (begin <= at && at < end) return `answers: [${begin}, ${end}) holds the image token at ${at}`;
  }
  return undefined;
}

/** What remains of a sample within `modelMaxLength` positions when the image takes `imageTokens` of them. */
export interface SampleLength {
  /** Positions before cutting. */
  positions: number;
  answerTokens: number;
  /** Of them, within the limit. */
  keptAnswerTokens: number;
}

/** Counts positions as the trainer does. */
export function sampleLength(encoded: Encoded, imageTokens: number, modelMaxLength: number): SampleLength {
  const at = encoded.inputIds.indexOf(IMAGE_TOKEN_INDEX);
  const extra = at < 0 ? 0 : imageTokens - 1;
  const length = { positions: encoded.inputIds.length + extra, answerTokens: 0, keptAnswerTokens: 0 };
  const imageFits = at + extra < modelMaxLength;
  for (const [begin, end] of encoded.answers) {
    const moved = at >= 0 && begin > at ? extra : 0;
    length.answerTokens += end - begin;
    if (imageFits)
      length.keptAnswerTokens += Math.max(0, Math.min(end + moved, modelMaxLength) - (begin + moved));
  }
  return length;
}
