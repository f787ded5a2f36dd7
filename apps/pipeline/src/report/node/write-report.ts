import { dirname, join } from 'node:path';
import { evalResultsSchema, readAnswerLines, type AnswerLine } from '@flexattn/eval';
import { readJsonAs, resolveInside, writeFileAtomic } from '@flexattn/stage';
import { PipelineError } from '../../errors.js';
import { chanceLevels } from '../chance.js';
import { chooseSamples } from '../choose-samples.js';
import { reportPage } from '../page.js';
import { sampleOf } from '../sample.js';
import type { Sample, SampleRegions } from '../sample-section.js';
import { leadingModel, type RunSetup } from '../setup.js';
import { inlinePicture } from './inline-picture.js';
import { readCleanCounts, readLossCurves, readRegions } from './read-inputs.js';

export interface ReportOptions {
  /** Name of the run. */
  run: string;
  /** The run's configuration. */
  config: RunSetup;
  /** eval's folder: summary.json, and answers.jsonl in a folder of each model. */
  scores: string;
  /** The items.jsonl that was answered: pictures named with `./` start from its folder, others from `root`. */
  items: string;
  root: string;
  /** Folder of the models' own answers, `<model>.jsonl`: they hold the chosen regions. */
  inferred: string;
  /** clean's report.json. */
  cleanReport: string;
  /** Folder of the trained models: `<model>/metrics.jsonl` holds the losses. */
  training: string;
  /** Folder that gets index.html. */
  out: string;
  /** How many items to show with their pictures. */
  samples: number;
  /** Of the choice of samples; default 1. */
  seed?: number | undefined;
  /** Further remarks, one a paragraph. */
  notes?: readonly string[] | undefined;
}

/** Bytes that the page may have, 3 MB: what is still sent by mail and opens at once. */
const MAX_PAGE_BYTES = 3_000_000;

/** Bytes of all pictures before base64 makes four of three; leaves 0.8 MB for text and drawings. */
const PICTURE_BYTES = 1_650_000;

/** A larger share than this of one picture would be wasted on a card of 350 pixels. */
const MAX_PICTURE_BYTES = 150_000;

/**
 * Writes a run's report as one HTML file that needs no other: the same bytes for the same input. A page above 3 MB:
 * `BAD_CONFIG`; inputs that are missing or of another form: the codes of `readJsonAs` with file and line.
 */
export async function writeReport(options: ReportOptions): Promise<{ bytes: number; samples: number }> {
  const { run, config, notes = [] } = options;
  const results = await readJsonAs(join(options.scores, 'summary.json'), evalResultsSchema);
  const lines: AnswerLine[] = [];
  for (const model of results.models) {
    lines.push(...(await readAnswerLines(join(resolveInside(options.scores, model), 'answers.jsonl'))));
  }
  const judged = leadingModel(config.models)?.name ?? results.models.at(-1) ?? '';
  const ids = chooseSamples(lines, {
    count: options.samples,
    seed: options.seed ?? 1,
    models: results.models,
    judged,
  });
  const trained = config.models
    .filter((model) => model.trained)
    .map(({ name }) => ({ model: name, position: results.models.indexOf(name) }));
  const page = reportPage({
    run,
    setup: config,
    results,
    chance: chanceLevels(lines),
    clean: await readCleanCounts(options.cleanReport),
    curves: await readLossCurves(options.training, trained),
    samples: await readSamples(options, results.models, ids, lines),
    judged,
    notes,
  });
  const bytes = Buffer.byteLength(page);
  if (bytes > MAX_PAGE_BYTES) {
    throw new PipelineError(
      'BAD_CONFIG',
      `the report would have ${bytes} bytes, expected at most ${MAX_PAGE_BYTES}`,
      {
        item: 'report.samples',
        hint: `show fewer samples than ${ids.length}`,
      },
    );
  }
  await writeFileAtomic(join(options.out, 'index.html'), page);
  return { bytes, samples: ids.length };
}

/** The chosen items with picture, answers and regions, in the order of `ids`. */
async function readSamples(
  options: ReportOptions,
  models: readonly string[],
  ids: readonly string[],
  lines: readonly AnswerLine[],
): Promise<Sample[]> {
  const maxBytes = Math.min(MAX_PICTURE_BYTES, Math.floor(PICTURE_BYTES / Math.max(1, ids.length)));
  const regions = await regionsOf(options, ids, lines);
  const samples: Sample[] = [];
  for (const id of ids) {
    const answers = lines.filter((line) => line.id === id);
    const [first] = answers;
    if (first === undefined) continue;
    const picture = await inlinePicture(pathOf(first.image, options), maxBytes);
    samples.push(sampleOf(first, answers, { models, picture, regions: regions.get(id) ?? null }));
  }
  return samples;
}

/** Regions that the leading model chose, where the run has one. */
async function regionsOf(
  { config, inferred }: ReportOptions,
  ids: readonly string[],
  lines: readonly AnswerLine[],
): Promise<Map<string, SampleRegions>> {
  const leading = leadingModel(config.models);
  if (leading === undefined) return new Map();
  const wanted = lines.flatMap(({ id, model, regions }): [number, string][] =>
    model === leading.name && regions !== null && ids.includes(id) ? [[regions.line, id]] : [],
  );
  return readRegions(join(inferred, `${leading.name}.jsonl`), leading.name, new Map(wanted));
}

function pathOf(image: string, { items, root }: ReportOptions): string {
  return resolveInside(image.startsWith('./') ? dirname(items) : root, image);
}
