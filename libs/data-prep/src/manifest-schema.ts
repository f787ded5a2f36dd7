import { z } from 'zod';
import { CHANGE_RULES, DROP_CODES } from './codes.js';
import type { Outcome } from './outcome.js';
import { MAX_SHARDS } from './limits.js';
import type { Manifest, Shard } from './shard-manifest.js';

// Only merging reads a manifest: loading zod costs as much time as cleaning 8,000 samples.

const shardSchema: z.ZodType<Shard> = z
  .strictObject({ index: z.number().int().nonnegative(), of: z.number().int().positive().max(MAX_SHARDS) })
  .refine(({ index, of }) => index < of, 'expected an index from 0 to one less than the number of shards');

const outcomeSchema: z.ZodType<Outcome> = z.strictObject({
  input: z.number().int().nonnegative(),
  source: z.string(),
  code: z.enum(DROP_CODES).optional(),
  changes: z.array(z.enum(CHANGE_RULES)).readonly(),
  mislabel: z.string().optional(),
  notes: z.array(z.string()).readonly(),
  toFetch: z.boolean().optional(),
});

/** The file that a shard's folder tells with what it is. */
export const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  version: z.literal(1),
  shard: shardSchema,
  inputs: z.array(z.strictObject({ bytes: z.number(), sha256: z.string() })).min(1),
  settings: z.strictObject({
    shuffle: z.number().int().nonnegative().safe().optional(),
    dedupe: z.enum(['id', 'content']).optional(),
    limit: z.number().int().positive().safe().optional(),
    verify: z.enum(['exists', 'header', 'decode']),
    textOnly: z.enum(['placeholder', 'keep', 'drop']),
    format: z.enum(['json', 'jsonl']),
  }),
  samples: z.number().int().nonnegative(),
  outcomes: z.array(outcomeSchema),
});
