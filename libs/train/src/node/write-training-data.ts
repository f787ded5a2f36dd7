import { join } from 'node:path';
import { createAtomicFile, FlexattnError, resolveInside, writeFileAtomic } from '@flexattn/stage';
import type { Conversation, Sample } from '@flexattn/data-prep';
import { TrainError } from '../errors.js';
import { encodingProblem } from '../token-line.js';
import type { Encoded, TokenLine } from '../token-line.js';
import { TokenTally } from '../token-totals.js';
import type { TokenTotals } from '../token-totals.js';
import type { TrainingManifest } from '../training-manifest.js';
import { MANIFEST } from './read-training-data.js';
import { tokenizerFingerprint } from './tokenizer-fingerprint.js';

export interface TrainingDataOptions {
  /** Clean samples. */
  samples: AsyncIterable<Sample>;
  /** The tokenizer: ids of a whole conversation and the spans of its answers. */
  encode: (conversations: readonly Conversation[]) => Encoded;
  /** Positions that the trainer keeps of a sample, image tokens included. */
  modelMaxLength: number;
  /** L: positions that the picture takes; 576 for LLaVA-1.5. Default 576. */
  imageTokens?: number | undefined;
  /** The checkpoint whose tokenizer `encode` is: its fingerprint is kept, and compared when a training starts. */
  checkpoint?: string | undefined;
  /** The folder to write `tokens.jsonl` and `training-data.json` in. */
  out: string;
  signal?: AbortSignal | undefined;
}

/**
 * Tokenises samples once: `tokens.jsonl`, one `{id, image, inputIds, answers}` a line, in order. Samples without an
 * answer, whose answers lie beyond `modelMaxLength`, or that `encode` refuses, are counted and left out. What was
 * counted, and the tokenizer's fingerprint, are written beside it: a plan needs not read the lines again.
 *
 * @throws TrainError BAD_SAMPLE where the tokenizer's spans do not fit its ids, NO_ANSWERS where nothing remains;
 *   StageError PATH_ESCAPE for a picture outside the image root
 */
export async function writeTrainingData(options: TrainingDataOptions): Promise<TokenTotals> {
  const { samples, encode, modelMaxLength, imageTokens = 576, checkpoint, out, signal } = options;
  const path = join(out, 'tokens.jsonl');
  const file = await createAtomicFile(path);
  const tally = new TokenTally(imageTokens, modelMaxLength);
  try {
    for await (const sample of samples) {
      signal?.throwIfAborted();
      const line = tokenLine(sample, encode, tally);
      if (line !== undefined && tally.add(line)) await file.write(`${JSON.stringify(line)}\n`);
    }
    if (tally.totals().samples === 0) throw nothingToLearn(path, tally.totals());
  } catch (error) {
    await file.abort();
    throw error;
  }
  const written = await file.commit();
  const totals = tally.totals();
  const tokenizer = checkpoint === undefined ? undefined : await tokenizerFingerprint(checkpoint);
  const manifest: TrainingManifest = {
    ...written,
    ...{ tokenizer: tokenizer ?? null, modelMaxLength, imageTokens, totals },
  };
  await writeFileAtomic(join(out, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return totals;
}

/** Undefined, and counted by its code, where the tokenizer refuses the sample. */
function tokenLine(
  sample: Sample,
  encode: TrainingDataOptions['encode'],
  tally: TokenTally,
): TokenLine | undefined {
  let encoded: Encoded;
  try {
    encoded = encode(sample.conversations);
  } catch (error) {
    if (!(error instanceof FlexattnError) || error.exitCode !== 2) throw error;
    tally.drop(String(error.code));
    return undefined;
  }
  const { inputIds, answers } = encoded;
  const problem = encodingProblem({ inputIds, answers });
  if (problem !== undefined)
    throw new TrainError('BAD_SAMPLE', problem, { item: `sample ${String(sample.id)}` });
  if (sample.image !== undefined) resolveInside('images', sample.image);
  return { id: String(sample.id), image: sample.image ?? null, inputIds, answers };
}

function nothingToLearn(file: string, { dropped }: TokenTotals): TrainError {
  const codes = Object.entries(dropped).map(([code, count]) => `${code} ${count}`);
  const what = `expected samples with an answer, got none${codes.length > 0 ? `: ${codes.join(', ')}` : ''}`;
  return new TrainError('NO_ANSWERS', what, { file, hint: 'are there turns of "gpt" in the annotations?' });
}
