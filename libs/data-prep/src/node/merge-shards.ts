import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProgress, FlexattnError, readJsonAs, readTextLines, toIoError } from '@flexattn/stage';
import type { Cleaned } from '../clean-batch.js';
import { DataPrepError } from '../errors.js';
import { Outcomes, type Outcome } from '../outcome.js';
import type { CleanReport } from '../report.js';
import { SampleScanner, type ScannedSample } from '../sample-scanner.js';
import { MANIFEST, OUTCOMES, type Manifest } from '../shard-manifest.js';
import { openAnnotations } from './annotation-file.js';
import { reportText, withOutput } from './clean-dataset.js';
import { annotationsName, NO_OUTPUT, type CleanOutput } from './clean-output.js';
import { CleanSink } from './clean-sink.js';

/** Settings of `mergeShards`. */
export interface MergeOptions {
  /** The output folders of all shards, in any order. */
  shards: readonly string[];
  /** The folder for the results, made if it is not there. */
  out: string;
  /** Reads everything and writes nothing. */
  dryRun?: boolean | undefined;
  /** No progress on standard error. */
  quiet?: boolean | undefined;
  /** Ends the run; nothing of it is left. */
  signal?: AbortSignal | undefined;
}

/** Samples that are handed on at a time. */
const BATCH = 1000;

/**
 * Makes of the outputs of all shards what a run without shards would have made, byte for byte. Throws `BAD_SHARDS` where
 * one is missing, there twice, or made from other input or with other settings than the first.
 */
export async function mergeShards(options: MergeOptions): Promise<CleanReport> {
  const found: ShardFolder[] = [];
  try {
    for (const folder of options.shards) found.push(await openShard(folder));
    const ordered = inOrder(found);
    const [first] = ordered;
    if (first === undefined)
      throw badShards('expected at least one folder of a shard, got none', options.out);
    if (options.dryRun === true) return await mergeInto(NO_OUTPUT, ordered, first.manifest, options);
    return await withOutput(options.out, first.manifest.settings.format, (output) =>
      mergeInto(output, ordered, first.manifest, options),
    );
  } finally {
    for (const shard of found) await shard.close();
  }
}

async function mergeInto(
  output: CleanOutput,
  ordered: readonly ShardFolder[],
  { settings, samples, inputs }: Manifest,
  { out, dryRun = false, quiet = false, signal }: MergeOptions,
): Promise<CleanReport> {
  const progress = createProgress({ label: 'merge', total: samples, unit: 'samples', quiet });
  const folder = dryRun ? undefined : out;
  const sink = new CleanSink(output, { ...settings, outcomes: new Outcomes(), folder });
  try {
    let batch: Cleaned[] = [];
    for (let index = 0; index < samples && !sink.isFull; index += 1) {
      const shard = ordered[index % ordered.length];
      if (shard !== undefined) batch.push(await shard.next(index));
      if (batch.length < BATCH && index + 1 < samples) continue;
      signal?.throwIfAborted();
      await sink.take(batch);
      progress.advance(batch.length);
      batch = [];
    }
    const report = await sink.finish(inputs.length);
    await output.commit({ 'report.json': reportText(report) });
    progress.finish();
    return report;
  } finally {
    sink.close();
  }
}

/** The samples of a shard, one after the other. */
class ShardFolder {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly #outcomes: Buffer;
  readonly #kept: AsyncGenerator<ScannedSample>;
  readonly #rejects: AsyncGenerator<string>;
  readonly #missing: AsyncGenerator<string>;
  #at = 0;

  constructor(folder: string, manifest: Manifest, outcomes: Buffer) {
    this.folder = folder;
    this.manifest = manifest;
    this.#outcomes = outcomes;
    this.#kept = scannedIn(join(folder, annotationsName(manifest.settings.format)));
    this.#rejects = linesOf(join(folder, 'rejects.jsonl'));
    this.#missing = linesOf(join(folder, 'missing-images.txt'));
  }

  /** Its next sample, which is that of place `index` of all. */
  async next(index: number): Promise<Cleaned> {
    const outcome = this.#nextOutcome();
    if (outcome.code === undefined) {
      const { bytes, lineFeeds } = await this.#ended(this.#kept.next());
      if (bytes === undefined) throw badShards('holds a sample that is too large', this.folder);
      // The scanner's bytes may be overwritten when the next chunk is read.
      return { kept: true, index, outcome, bytes: Buffer.from(bytes), lineFeeds };
    }
    const line = await this.#ended(this.#rejects.next());
    const { toFetch: isListed, ...dropped } = outcome;
    const missing = isListed === true ? await this.#ended(this.#missing.next()) : undefined;
    const toFetch = missing?.startsWith('"') === true ? (JSON.parse(missing) as string) : missing;
    return { kept: false, index, outcome: dropped, line, toFetch };
  }

  /** Lets go of its files. */
  async close(): Promise<void> {
    for (const reader of [this.#kept, this.#rejects, this.#missing]) await reader.return(undefined);
  }

  #nextOutcome(): Outcome {
    const id = this.#at + 4 <= this.#outcomes.length ? this.#outcomes.readUInt32LE(this.#at) : -1;
    this.#at += 4;
    const outcome = this.manifest.outcomes[id];
    if (outcome === undefined)
      throw badShards(`${OUTCOMES} and ${MANIFEST} do not fit each other`, this.folder);
    return outcome;
  }

  async #ended<T>(next: Promise<IteratorResult<T>>): Promise<T> {
    const result = await next;
    if (result.done !== true) return result.value;
    throw badShards(`its files and ${OUTCOMES} do not fit each other`, this.folder);
  }
}

async function openShard(folder: string): Promise<ShardFolder> {
  const path = join(folder, OUTCOMES);
  try {
    const { manifestSchema } = await import('../manifest-schema.js');
    const manifest = await readJsonAs(join(folder, MANIFEST), manifestSchema);
    return new ShardFolder(folder, manifest, await readFile(path));
  } catch (cause) {
    const error = cause instanceof FlexattnError ? cause : toIoError(cause, path);
    if (error.code !== 'FILE_MISSING') throw error;
    throw badShards('is not the folder of a shard', folder, cause);
  }
}

/** The shards by their index: each once, all of one run. */
function inOrder(found: readonly ShardFolder[]): ShardFolder[] {
  const ordered: ShardFolder[] = [];
  const [first] = found;
  for (const shard of found) {
    const { index, of } = shard.manifest.shard;
    const before = ordered[index];
    if (before !== undefined)
      throw badShards(`shard ${index}/${of} is there twice: also ${before.folder}`, shard.folder);
    if (first !== undefined && runOf(shard) !== runOf(first)) {
      throw badShards(
        `made from other annotations or with other settings than ${first.folder}`,
        shard.folder,
      );
    }
    ordered[index] = shard;
  }
  const of = first?.manifest.shard.of ?? 0;
  for (let i = 0; i < of; i += 1) {
    if (ordered[i] === undefined) throw badShards(`shard ${i}/${of} is missing`, first?.folder ?? '');
  }
  return ordered;
}

/** Equal for shards that belong together. */
function runOf({ manifest: { shard, inputs, settings, samples } }: ShardFolder): string {
  return JSON.stringify([shard.of, inputs, settings, samples]);
}

async function* scannedIn(path: string): AsyncGenerator<ScannedSample> {
  const file = await openAnnotations(path);
  const scanner = new SampleScanner(path);
  for await (const chunk of file.chunks()) yield* scanner.push(chunk);
  yield* scanner.end();
}

async function* linesOf(path: string): AsyncGenerator<string> {
  for await (const { text } of readTextLines(path)) yield text;
}

function badShards(what: string, file: string, cause?: unknown): DataPrepError {
  const hint = 'merge the folders that the runs with --shard 0/n to n-1/n wrote, each once';
  return new DataPrepError('BAD_SHARDS', what, { file, hint, cause });
}
