import { parseJson, readTextLines, resolveInside } from '@flexattn/stage';
import { parseTokenLine } from '../token-line.js';
import { countSample, noTotals } from '../token-totals.js';
import type { TokenTotals } from '../token-totals.js';

export interface TokenReading {
  /** The image root, which no picture may leave. */
  images: string;
  /** L: positions that a picture takes. */
  imageTokens: number;
  modelMaxLength: number;
  signal?: AbortSignal | undefined;
}

/** Checks every line of a `tokens.jsonl` and counts what the trainer will see; `BAD_TOKENS` names the line. */
export async function readTokenTotals(file: string, reading: TokenReading): Promise<TokenTotals> {
  const { images, imageTokens, modelMaxLength, signal } = reading;
  const totals = noTotals();
  for await (const { line, text } of readTextLines(file)) {
    signal?.throwIfAborted();
    const sample = parseTokenLine(parseJson(text, { file }), file, line);
    if (sample.image !== null) resolveInside(images, sample.image);
    countSample(totals, sample, imageTokens, modelMaxLength);
  }
  return totals;
}
