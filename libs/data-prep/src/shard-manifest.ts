import type { TextOnly } from './clean-sample.js';
import type { VerifyLevel } from './image-index.js';
import type { Outcome } from './outcome.js';
import type { SiftOptions } from './sift.js';

/** The files of a shard's folder that tell what it is: its facts, and the outcome of each of its samples. */
export const MANIFEST = 'shard.json';
export const OUTCOMES = 'outcomes.bin';

/** The part of the samples that a run cleans: those whose place, divided by `of`, leaves `index`. */
export interface Shard {
  index: number;
  of: number;
}

/** What a shard is, and what it was made from. */
export interface Manifest {
  version: 1;
  shard: Shard;
  /** Of each annotation file, unpacked. */
  inputs: { bytes: number; sha256: string }[];
  /** What decides what the merged output is; all shards of a run have the same. */
  settings: SiftOptions & { verify: VerifyLevel; textOnly: TextOnly; format: 'json' | 'jsonl' };
  /** Samples of all shards together. */
  samples: number;
  /** What `outcomes.bin` numbers: four bytes a sample of this shard, the lowest first. */
  outcomes: Outcome[];
}
