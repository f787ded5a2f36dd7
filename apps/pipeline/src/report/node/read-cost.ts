import { join } from 'node:path';
import { pathExists, readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import type { Cost } from '../facts.js';
import { readMeasure } from './training-measure.js';

const count = z.number().nonnegative();

const trainingSchema = z.object({
  summary: z.record(
    z.string(),
    z.object({
      epochs: count,
      parameters: count,
      trainedParameters: count,
      device: z.string(),
      processes: count,
    }),
  ),
});

const tokensSchema = z.object({
  summary: z.object({ answerTokens: count, lengths: z.object({ longest: count }).nullish() }),
});

/**
 * What the receipts of a training and of its data tell of its cost, and what was measured of it in `workspace`; null
 * where there are no receipts.
 */
export async function readCost(
  training: string,
  tokens: string | undefined,
  workspace: string,
): Promise<Cost | null> {
  const file = join(training, 'receipt.json');
  if (!(await pathExists(file))) return null;
  const { summary } = await readJsonAs(file, trainingSchema);
  const counted =
    tokens !== undefined && (await pathExists(join(tokens, 'receipt.json')))
      ? (await readJsonAs(join(tokens, 'receipt.json'), tokensSchema)).summary
      : null;
  const models: Cost['models'] = {};
  for (const [name, told] of Object.entries(summary)) {
    const measured = await readMeasure(workspace, join(training, name));
    models[name] = { ...told, ...(measured === undefined ? {} : { measured }) };
  }
  return {
    models,
    answerTokens: counted?.answerTokens ?? null,
    longest: counted?.lengths?.longest ?? null,
  };
}
