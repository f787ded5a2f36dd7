import { basename, join } from 'node:path';
import {
  compareRuns,
  evalResultsSchema,
  readEvaluation,
  type Comparison,
  type EvalResults,
} from '@flexattn/eval';
import { readJsonAs, resolveInside, writeFileAtomic } from '@flexattn/stage';
import { z } from 'zod';
import { configDifferences } from '../../config-differences.js';
import { PipelineError } from '../../errors.js';
import { SELECTIONS } from '../../selections.js';
import { comparisonPage } from '../comparison-page.js';
import { leadingModel, type ModelPair, type ModelSetup } from '../setup.js';
import { collectSamples } from './collect-samples.js';
import { readColumns, type ReadColumn } from './read-columns.js';

const receiptSchema = z.object({
  parameters: z.looseObject({
    models: z.array(z.looseObject({ name: z.string(), trained: z.boolean(), selection: z.enum(SELECTIONS) })),
  }),
});

/** A run that has a report. */
interface Run {
  folder: string;
  name: string;
  results: EvalResults;
  setup: { models: ModelSetup[] };
  columns: ReadColumn[];
}

export interface ComparisonOptions {
  /** The folders of two runs (`runs/tiny`), each with the artifacts of its stages. */
  runs: readonly [a: string, b: string];
  /** Where pictures of the items start from. */
  root: string;
  /** Folder that gets index.html. */
  out: string;
}

/**
 * Writes one page about two runs. A run without a report: the codes of `readJsonAs`; without a common model:
 * `BAD_ARGUMENT`; other questions or rules: the codes of `compareRuns`.
 */
export async function writeComparison({
  runs,
  root,
  out,
}: ComparisonOptions): Promise<{ bytes: number; samples: number }> {
  const names = distinctNames(runs);
  const a = await readRun(runs[0], names[0]);
  const b = await readRun(runs[1], names[1]);
  const pairs = pairsOf(a, b);
  const comparisons: Comparison[] = [];
  const notes = new Set<string>();
  for (const { model, from, to } of pairs) {
    const [before, after] = [await evaluationOf(a, model, from), await evaluationOf(b, model, to)];
    const compared = compareRuns(before, after);
    comparisons.push(...compared.comparisons);
    for (const note of compared.notes) notes.add(note);
  }
  const judged = leadingModel(b.setup.models.filter(({ name }) => pairs.some(({ model }) => model === name)));
  const shown = pairs.find(({ model }) => model === judged?.name) ?? pairs.at(-1);
  const samples = await collectSamples({
    columns: [...a.columns, ...b.columns],
    judged: shown?.to ?? '',
    against: shown?.from ?? '',
    pathOf: (image) => resolveInside(image.startsWith('./') ? join(a.folder, 'items') : root, image),
    page: out,
    seed: 1,
  });
  const page = comparisonPage({
    runs: names,
    results: {
      models: [...a.columns, ...b.columns].map(({ name }) => name),
      results: { ...renamed(a), ...renamed(b) },
      versions: { ...a.results.versions, ...b.results.versions },
      comparisons,
    },
    pairs,
    settings: configDifferences(a.setup, b.setup).filter(({ path }) => path !== 'run'),
    samples,
    notes: [...notes],
  });
  await writeFileAtomic(join(out, 'index.html'), page);
  return { bytes: Buffer.byteLength(page), samples: samples.data.items.length };
}

/** The folders' names, numbered where they are equal. */
function distinctNames([a, b]: ComparisonOptions['runs']): [string, string] {
  const [first, second] = [basename(a), basename(b)];
  return first === second ? [`${first} (1)`, `${second} (2)`] : [first, second];
}

async function readRun(folder: string, name: string): Promise<Run> {
  const { parameters } = await readJsonAs(join(folder, 'report', 'receipt.json'), receiptSchema);
  const scores = join(folder, 'eval');
  const results = await readJsonAs(join(scores, 'summary.json'), evalResultsSchema);
  const columns = await readColumns(
    { scores, inferred: join(folder, 'infer') },
    results.models,
    parameters.models,
  );
  const named = columns.map((column) => ({ ...column, name: labelOf(name, column.model) }));
  return { folder, name, results, setup: parameters, columns: named };
}

function labelOf(run: string, model: string): string {
  return `${run}: ${model}`;
}

/** Models that both runs scored. */
function pairsOf(a: Run, b: Run): (ModelPair & { model: string })[] {
  const common = a.results.models.filter((model) => b.results.models.includes(model));
  if (common.length === 0) {
    throw new PipelineError('BAD_ARGUMENT', 'the two runs have no model in common', {
      hint: `${a.name} has ${a.results.models.join(', ')}; ${b.name} has ${b.results.models.join(', ')}`,
    });
  }
  return common.map((model) => ({ model, from: labelOf(a.name, model), to: labelOf(b.name, model) }));
}

function evaluationOf({ folder }: Run, model: string, label: string) {
  return readEvaluation(resolveInside(join(folder, 'eval'), model), label);
}

/** Scores by the models' names in the page. */
function renamed({ name, results }: Run): EvalResults['results'] {
  return Object.fromEntries(
    Object.entries(results.results).map(([model, scores]) => [labelOf(name, model), scores]),
  );
}
