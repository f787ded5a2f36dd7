import { dirname, join } from 'node:path';
import { evalResultsSchema, wilsonInterval } from '@flexattn/eval';
import { readJsonAs, resolveInside, writeFileAtomic } from '@flexattn/stage';
import { PipelineError } from '../../errors.js';
import { chanceLevels } from '../chance.js';
import { reportPage } from '../page.js';
import { headlinePair, leadingModel, type RunSetup } from '../setup.js';
import { sizeGroups } from '../size-plot.js';
import { collectSamples } from './collect-samples.js';
import { readColumns, type AnswerFolders } from './read-columns.js';
import { readCost } from './read-cost.js';
import { readCleanCounts, readLossCurves } from './read-inputs.js';
import { readSizedAnswers } from './read-object-sizes.js';

/** `scores` holds summary.json, too. */
export interface ReportOptions extends AnswerFolders {
  /** Name of the run. */
  run: string;
  /** The run's configuration. */
  config: RunSetup;
  /** The items.jsonl that was answered: pictures named with `./` start from its folder, others from `root`. */
  items: string;
  root: string;
  /** clean's report.json. */
  cleanReport: string;
  /** Folder of the trained models: `<model>/metrics.jsonl` holds the losses. */
  training: string;
  /** Folder of the tokenised training data, whose receipt counts them. */
  tokens?: string | undefined;
  /** Folder that gets index.html. */
  out: string;
  /** The folder in which the page will be opened, where it is another one: pictures are named from there. */
  page?: string | undefined;
  /** Decides what gets room in the page; default 1. */
  seed?: number | undefined;
  /** Further remarks, one a paragraph. */
  notes?: readonly string[] | undefined;
}

/** Bytes that the page may have, 3 MB: what is still sent by mail and opens at once. */
const MAX_PAGE_BYTES = 3_000_000;

/**
 * Writes a run's report as one HTML file that needs no other: the same bytes for the same input, and the same measured
 * time and memory of trainings, which are told where they ran in this workspace (`root`). A page above 3 MB:
 * `BAD_CONFIG`; inputs that are missing or of another form: the codes of `readJsonAs` with file and line.
 */
export async function writeReport(options: ReportOptions): Promise<{ bytes: number; samples: number }> {
  const { run, config, notes = [] } = options;
  const results = await readJsonAs(join(options.scores, 'summary.json'), evalResultsSchema);
  const columns = await readColumns(options, results.models, config.models);
  const lines = columns.flatMap((column) => column.lines);
  const trained = config.models
    .filter((model) => model.trained)
    .map(({ name }) => ({ model: name, position: results.models.indexOf(name) }));
  const pair = headlinePair(config.models);
  const pathOf = (image: string) =>
    resolveInside(image.startsWith('./') ? dirname(options.items) : options.root, image);
  const samples = await collectSamples({
    ...options,
    columns,
    pathOf,
    judged: leadingModel(config.models)?.name ?? results.models.at(-1) ?? '',
    against: pair?.from ?? results.models[0] ?? '',
    page: options.page ?? options.out,
    seed: options.seed ?? 1,
  });
  const page = reportPage({
    run,
    setup: config,
    results,
    chance: chanceLevels(lines),
    clean: await readCleanCounts(options.cleanReport),
    curves: await readLossCurves(options.training, trained),
    layers: columns.flatMap(({ model, shares }, position) =>
      shares.length === 0 ? [] : [{ model, position, shares }],
    ),
    sizes: sizeGroups(await readSizedAnswers(columns, pathOf), wilsonInterval),
    cost: await readCost(options.training, options.tokens, options.root),
    samples,
    notes,
  });
  const bytes = Buffer.byteLength(page);
  if (bytes > MAX_PAGE_BYTES) {
    throw new PipelineError(
      'BAD_CONFIG',
      `the report would have ${bytes} bytes, expected at most ${MAX_PAGE_BYTES}`,
      { hint: 'compare fewer models, or score fewer benchmarks, in one run' },
    );
  }
  await writeFileAtomic(join(options.out, 'index.html'), page);
  return { bytes, samples: samples.data.items.length };
}
