import { buildTrainingData } from './annotations.js';
import { buildBaseTexts } from './base-checkpoint.js';
import { buildBenchmarks } from './benchmarks.js';
import type { WorldFile } from './world-file.js';

/** The committed world is made from this seed. */
export const WORLD_SEED = 1;

/** Every file that comes out the same, byte for byte, on any machine: raw data, benchmarks, the base's configuration and tokenizer. */
export function buildWorld(seed: number): WorldFile[] {
  return [...buildTrainingData(seed), ...buildBenchmarks(seed), ...buildBaseTexts()];
}
