import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '@flexattn/model-prep';
import { sha256File } from '@flexattn/stage';
import type { TrainSettings } from '../settings.js';

/** Settings that change how a run is computed, and not what comes out of it. */
const HOW = new Set<string>([
  'activationCheckpointing',
  'featureCacheFolder',
  'featureCacheMegabytes',
  'keepStates',
  'microBatchSize',
  'onNaN',
  'processes',
  'saveEverySteps',
  'sharding',
  'tensorboardFolder',
  'threads',
] satisfies (keyof TrainSettings)[]);

/**
 * The folder below `states` for runs of these settings, data and weights: states of others are never taken up.
 * Weights count by size and time: reading 14 GB only to name a folder takes a minute.
 */
export async function stateFolder(
  states: string,
  { settings, checkpoint, tokens }: { settings: TrainSettings; checkpoint: Checkpoint; tokens: string },
): Promise<string> {
  const weights = await Promise.all(
    checkpoint.files.map(async (file) => {
      const { size, mtimeMs } = await stat(join(checkpoint.dir, file));
      return [file, size, mtimeMs];
    }),
  );
  const what = Object.entries(settings).filter(([name]) => !HOW.has(name));
  const identity = JSON.stringify([what.sort(), weights, await sha256File(tokens)]);
  return join(states, createHash('sha256').update(identity).digest('hex').slice(0, 16));
}
