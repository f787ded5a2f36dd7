import { z } from 'zod';
import { outcomeSchema } from './outcome.js';
import { MAX_SHARDS } from './limits.js';

/** The files of a shard's folder that tell what it is: its facts, and the outcome of each of its samples. */
export const MANIFEST = 'shard.json';
export const OUTCOMES = 'outcomes.bin';

/** The part of the samples that a run cleans: those whose place, divided by `of`, leaves `index`. */
export const shardSchema = z
  .strictObject({ index: z.number().int().nonnegative(), of: z.number().int().positive().max(MAX_SHARDS) })
  .refine(({ index, of }) => index < of, 'expected an index from 0 to one less than the number of shards');
export type Shard = z.output<typeof shardSchema>;

/** Settings that decide what the merged output is; all shards of a run have the same. */
export const siftSchema = z.strictObject({
  shuffle: z.number().int().nonnegative().safe().optional(),
  dedupe: z.enum(['id', 'content']).optional(),
  limit: z.number().int().positive().safe().optional(),
});

/** What a shard is, and what it was made from. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  shard: shardSchema,
  /** Of each annotation file, unpacked. */
  inputs: z.array(z.strictObject({ bytes: z.number(), sha256: z.string() })).min(1),
  settings: siftSchema.extend({
    verify: z.enum(['exists', 'header', 'decode']),
    textOnly: z.enum(['placeholder', 'keep', 'drop']),
    format: z.enum(['json', 'jsonl']),
  }),
  /** Samples of all shards together. */
  samples: z.number().int().nonnegative(),
  /** What `outcomes.bin` numbers: four bytes a sample of this shard, the lowest first. */
  outcomes: z.array(outcomeSchema),
});
export type Manifest = z.output<typeof manifestSchema>;
