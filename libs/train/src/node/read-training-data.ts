import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson, pathExists, readJsonAs, readTextLines, resolveInside, sha256File } from '@flexattn/stage';
import { parseTokenLine } from '../token-line.js';
import { TokenTally } from '../token-totals.js';
import type { DataFacts } from '../preflight.js';
import type { TokenTotals } from '../token-totals.js';
import { trainingManifestSchema } from '../training-manifest.js';
import type { TrainingManifest } from '../training-manifest.js';

/** Beside `tokens.jsonl`, written after it. */
export const MANIFEST = 'training-data.json';

export interface TokenReading {
  /** The image root, which no picture may leave. */
  images: string;
  /** L: positions that a picture takes. */
  imageTokens: number;
  modelMaxLength: number;
  signal?: AbortSignal | undefined;
}

/**
 * The training data of a folder: what `training-data.json` tells, where it belongs to these lines and settings, else
 * every line of `tokens.jsonl` is read.
 *
 * @param isSure - compares the hash of the lines, and not their size alone: a second a gigabyte
 * @throws TrainError BAD_TOKENS with the line; StageError PATH_ESCAPE, FILE_MISSING
 */
export async function readTrainingData(
  folder: string,
  reading: TokenReading,
  { isSure }: { isSure: boolean },
): Promise<DataFacts> {
  const file = join(folder, 'tokens.jsonl');
  const manifest = await manifestOf(folder, file, isSure);
  const { imageTokens, modelMaxLength } = reading;
  const isCounted = manifest?.imageTokens === imageTokens && manifest.modelMaxLength === modelMaxLength;
  const totals = isCounted ? manifest.totals : await readTokenTotals(file, reading);
  const tooLong = isCounted ? 0 : (totals.dropped['TOO_LONG'] ?? 0);
  return { totals, tooLong, tokenizer: manifest?.tokenizer ?? undefined };
}

/** Undefined where there is none, or it was written for other lines. */
async function manifestOf(
  folder: string,
  file: string,
  isSure: boolean,
): Promise<TrainingManifest | undefined> {
  const path = join(folder, MANIFEST);
  if (!(await pathExists(path)) || !(await pathExists(file))) return undefined;
  const manifest = await readJsonAs(path, trainingManifestSchema);
  if (manifest.size !== (await stat(file)).size) return undefined;
  return !isSure || manifest.sha256 === (await sha256File(file)) ? manifest : undefined;
}

/** Checks every line of a `tokens.jsonl` and counts what the trainer will see; `BAD_TOKENS` names the line. */
async function readTokenTotals(file: string, reading: TokenReading): Promise<TokenTotals> {
  const { images, imageTokens, modelMaxLength, signal } = reading;
  const tally = new TokenTally(imageTokens, modelMaxLength);
  for await (const { line, text } of readTextLines(file)) {
    signal?.throwIfAborted();
    const sample = parseTokenLine(parseJson(text, { file }), file, line);
    if (sample.image !== null) resolveInside(images, sample.image);
    tally.add(sample);
  }
  return tally.totals();
}
