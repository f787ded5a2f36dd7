import { join } from 'node:path';
import { readAnswerLines } from '@flexattn/eval';
import { resolveInside } from '@flexattn/stage';
import type { Column } from '../sample-data.js';
import type { ModelSetup } from '../setup.js';
import { readRegions } from './read-inputs.js';

/** Where the answers of a run are. */
export interface AnswerFolders {
  /** eval's folder: answers.jsonl in a folder of each model. */
  scores: string;
  /** Folder of the models' own answers, `<model>.jsonl`: they hold the chosen regions. */
  inferred: string;
}

/** Answers of one model, and what it chose to see. */
export interface ReadColumn extends Column {
  model: string;
  /** Where regions begin and end along a side, 0 to 1; empty where it chose none. */
  edges: readonly number[];
  /** Mean share of the regions that each layer chose when an answer began. */
  shares: readonly { layer: number; share: number }[];
}

/** A column for each model that was scored, in the order of the results. */
export async function readColumns(
  { scores, inferred }: AnswerFolders,
  models: readonly string[],
  setups: readonly ModelSetup[],
): Promise<ReadColumn[]> {
  const columns: ReadColumn[] = [];
  for (const model of models) {
    const lines = await readAnswerLines(join(resolveInside(scores, model), 'answers.jsonl'));
    const chooses = setups.some(({ name, selection }) => name === model && selection !== 'none');
    const wanted = lines.flatMap(({ id, regions }): [number, string][] =>
      chooses && regions !== null ? [[regions.line, id]] : [],
    );
    const { packed, ...rest } = await readRegions(resolveInside(inferred, `${model}.jsonl`), new Map(wanted));
    columns.push({ name: model, model, lines, regions: packed, ...rest });
  }
  return columns;
}
