import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256File, writeFileAtomic } from '@flexattn/stage';
import { z } from 'zod';
import { assembleResults, type ScoredBenchmark } from '../assemble-results.js';
import type { ScoredModel } from '../compare.js';
import { EvalError } from '../errors.js';
import type { InferItem } from '../item.js';
import { modelResults } from '../model-results.js';
import type { AnswerLine, EvalResults } from '../results.js';
import { answerLine, scoreItem } from '../score-item.js';
import { askedOf, type Asked } from './asked.js';
import { jsonLines } from './json-lines.js';
import { judgeAnswers, type AnsweredModel } from './judge-answers.js';
import type { JudgeOptions } from './judge-questions.js';
import { readAnswers } from './read-answers.js';
import { readItems, readRejects } from './read-items.js';
import { chooseBenchmarks, type BenchmarkSettings } from './registry.js';

/** `benchmarks`: those that `writeItems` was given, or fewer. */
export interface ScoreAnswersOptions extends BenchmarkSettings {
  /** The items.jsonl that was answered; rejects.jsonl is read beside it. */
  items: string;
  /**
   * The file of each model's answers, or those of its shards; the order is that of the tables, and a difference is the
   * later minus the earlier. Names become folders: letters, digits, `.`, `_` and `-`.
   */
  answers: Readonly<Record<string, string | readonly string[]>>;
  /** Folder that gets summary.json and, in a folder of each model, results.json and answers.jsonl. */
  out: string;
  /** Of the bootstrap; default 0. */
  seed?: number | undefined;
  /** SHA-256 of each model, for the results. */
  weights?: Readonly<Record<string, string>> | undefined;
  /** Who says whether free answers are right; left out: nobody, and such metrics are reported as not judged. */
  judge?: JudgeOptions | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
  /** Reads and scores, writes nothing. */
  dryRun?: boolean | undefined;
}

/** Names that are folders on any system. */
const MODEL_NAME = /^[a-z0-9][a-z0-9._-]*$/i;

/**
 * Scores models' answers: summary.json (returned too) and, for each model, results.json and answers.jsonl; the same bytes
 * for the same input and seed. Every item needs one answer of every model (see `readAnswers`). Items that are not those
 * of the benchmark folders as they are now: `ITEMS_STALE`.
 */
export async function scoreAnswers(options: ScoreAnswersOptions): Promise<EvalResults> {
  const { seed = 0, judge, weights = {}, signal } = options;
  const inferItems = await readItems(options.items);
  const rejects = await readRejects(options.items);
  const asked: Asked[] = [];
  for (const chosen of await chooseBenchmarks(options)) {
    signal?.throwIfAborted();
    asked.push(await askedOf(chosen, inferItems, rejects, seed));
  }
  const models: AnsweredModel[] = [];
  const hashes: Record<string, string> = {};
  for (const [model, files] of Object.entries(options.answers)) {
    signal?.throwIfAborted();
    requireName(model);
    const read = { model, answers: await readAnswers([files].flat(), inferItems) };
    hashes[model] = hashOf(read, inferItems);
    models.push(judge === undefined ? read : await judgeAnswers(read, asked, judge, options));
  }
  const scored = asked.map((one): ScoredBenchmark => ({
    ...one,
    asked: one.items.length,
    models: models.map((model) => scoreModel(one, model)),
  }));
  const results = assembleResults(
    scored,
    models.map(({ model }) => model),
    {
      seed,
      judge: judge?.judge.name ?? 'none',
      version: packageVersion(),
      hashes: { items: await sha256File(options.items), answers: hashes, weights: { ...weights } },
    },
  );
  if (options.dryRun !== true) {
    for (const model of models) await writeModel(model, results, scored, inferItems, options.out);
    await writeFileAtomic(join(options.out, 'summary.json'), json(results));
  }
  return results;
}

async function writeModel(
  model: AnsweredModel,
  results: EvalResults,
  scored: readonly ScoredBenchmark[],
  inferItems: ReadonlyMap<string, InferItem>,
  out: string,
): Promise<void> {
  const folder = join(out, model.model);
  const lines = scored.flatMap((one) => linesOf(model, one, inferItems));
  await writeFileAtomic(join(folder, 'answers.jsonl'), jsonLines(lines));
  await writeFileAtomic(join(folder, 'results.json'), json(modelResults(results, model.model)));
}

function scoreModel(
  { benchmark, items, statistics: { protocol } }: Asked,
  { model, answers }: AnsweredModel,
): ScoredModel {
  const scored = items.flatMap((item) => {
    const read = answers.get(item.id);
    if (read === undefined) return [];
    const one = scoreItem(benchmark, item, read.answer, protocol);
    if (one.error === null || read.unjudged === undefined) return one;
    return { ...one, error: { ...one.error, message: read.unjudged } };
  });
  return { model, scored };
}

function linesOf(
  { model, answers }: AnsweredModel,
  { models, statistics }: ScoredBenchmark,
  inferItems: ReadonlyMap<string, InferItem>,
): AnswerLine[] {
  const scored = models.find((one) => one.model === model)?.scored ?? [];
  return scored.flatMap((one) => {
    const asked = inferItems.get(one.item.id);
    const read = answers.get(one.item.id);
    return asked === undefined || read === undefined ? [] : answerLine(model, statistics, one, asked, read);
  });
}

/** Of the answers in the order of the items: the same however many files they came in. */
function hashOf({ answers }: AnsweredModel, inferItems: ReadonlyMap<string, InferItem>): string {
  const hash = createHash('sha256');
  for (const id of inferItems.keys()) hash.update(`${JSON.stringify([id, answers.get(id)?.answer])}\n`);
  return hash.digest('hex');
}

function requireName(model: string): void {
  if (MODEL_NAME.test(model)) return;
  throw new EvalError('MODEL_NAME', `expected a name of letters, digits, ".", "_" and "-", got "${model}"`, {
    hint: 'it becomes a folder',
  });
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
