import { join } from 'node:path';
import { pathExists, readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import type { Cost } from '../facts.js';

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

/** What the receipts of a training and of its data tell of its cost; null where there are none. */
export async function readCost(training: string, tokens: string | undefined): Promise<Cost | null> {
  const file = join(training, 'receipt.json');
  if (!(await pathExists(file))) return null;
  const { summary } = await readJsonAs(file, trainingSchema);
  const counted =
    tokens !== undefined && (await pathExists(join(tokens, 'receipt.json')))
      ? (await readJsonAs(join(tokens, 'receipt.json'), tokensSchema)).summary
      : null;
  return {
    models: summary,
    answerTokens: counted?.answerTokens ?? null,
    longest: counted?.lengths?.longest ?? null,
  };
}
