import { z } from 'zod';

const count = z.number().int().nonnegative();
const bin = z.strictObject({ from: count, to: count, samples: count });

const totalsSchema = z.strictObject({
  ...{ samples: count, turns: count, withPicture: count, pictures: count, cut: count, cutAnswers: count },
  dropped: z.record(z.string(), count),
  ...{ answerTokens: count, lostAnswerTokens: count, mostAnswerTokens: count },
  lengths: z
    .strictObject({
      ...{ shortest: count, median: count, percentile95: count, longest: count },
      histogram: z.array(bin),
    })
    .exactOptional(),
});

/** `training-data.json` beside `tokens.jsonl`: what its lines were made with, and what they hold. */
export const trainingManifestSchema = z.strictObject({
  /** Of `tokens.jsonl`. */
  size: count,
  sha256: z.string(),
  /** Fingerprint of the tokenizer, of `tokenizerFingerprint`; null where the writer did not tell. */
  tokenizer: z.string().nullable(),
  /** What the totals were counted with. */
  modelMaxLength: count,
  imageTokens: count,
  totals: totalsSchema,
});

export type TrainingManifest = z.output<typeof trainingManifestSchema>;
