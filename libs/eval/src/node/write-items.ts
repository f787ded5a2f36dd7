import { join } from 'node:path';
import { createProgress, writeFileAtomic } from '@flexattn/stage';
import { collectItems, countCodes, countWarnings, rejectOf, type Collected } from '../collect.js';
import { EvalError } from '../errors.js';
import { pictureKey, type InferItem, type Reject } from '../item.js';
import { jsonLines } from './json-lines.js';
import { placePictures } from './pictures.js';
import { chooseBenchmarks, type BenchmarkSettings, type ChosenBenchmark } from './registry.js';

export interface WriteItemsOptions extends BenchmarkSettings {
  /** Folder that gets items.jsonl, rejects.jsonl and, for base64 pictures, images/. */
  out: string;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
  /** Reads and checks the questions; looks at no picture and writes nothing. */
  dryRun?: boolean | undefined;
}

export interface ItemsReport {
  items: number;
  rejected: number;
  /** By benchmark; `rejects` by code. */
  benchmarks: Record<string, { items: number; published: number | null; rejects: Record<string, number> }>;
  /** What differs from the published benchmarks. */
  warnings: string[];
}

/**
 * Writes what a model is to be asked: a line of items.jsonl for each item of the benchmarks, a line of rejects.jsonl for
 * each that cannot be asked. A benchmark of which nothing can be asked: `NO_ITEMS`.
 */
export async function writeItems(options: WriteItemsOptions): Promise<ItemsReport> {
  const chosen = await chooseBenchmarks(options);
  const progress = createProgress({ label: 'items', unit: 'items', quiet: options.quiet });
  const report: ItemsReport = { items: 0, rejected: 0, benchmarks: {}, warnings: [] };
  const lines: InferItem[] = [];
  const rejects: Reject[] = [];
  for (const one of chosen) {
    options.signal?.throwIfAborted();
    const collected = await collectItems(one.benchmark.load(one.folder, one));
    const { name, published } = one.benchmark;
    report.warnings.push(...countWarnings(name, published, collected));
    const asked = options.dryRun === true ? undefined : await ask(one, collected, options);
    const count = (asked?.lines ?? collected.items).length;
    const refused = [...collected.rejects, ...(asked?.rejects ?? [])];
    if (count === 0) throw nothingToAsk(one, refused);
    report.benchmarks[name] = {
      items: count,
      published: published.items ?? null,
      rejects: countCodes(refused),
    };
    report.items += count;
    report.rejected += refused.length;
    lines.push(...(asked?.lines ?? []));
    rejects.push(...refused);
    progress.advance(count);
  }
  if (options.dryRun !== true) {
    await writeFileAtomic(join(options.out, 'rejects.jsonl'), jsonLines(rejects));
    await writeFileAtomic(join(options.out, 'items.jsonl'), jsonLines(lines));
  }
  progress.finish();
  return report;
}

/** The items whose pictures are there, as lines; the others as rejects. */
async function ask(
  { benchmark, folder, protocol }: ChosenBenchmark,
  { items }: Collected,
  { out, root, signal }: WriteItemsOptions,
): Promise<{ lines: InferItem[]; rejects: Reject[] }> {
  const placed = await placePictures(items, { folder, out, root, signal });
  const lines: InferItem[] = [];
  const rejects: Reject[] = [];
  for (const item of items) {
    const picture = placed.get(pictureKey(item.picture));
    try {
      if (picture instanceof EvalError) throw picture;
      if (picture === undefined) continue;
      lines.push({ id: item.id, benchmark: benchmark.name, ...picture, ...benchmark.prompt(item, protocol) });
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      rejects.push(rejectOf(item.id, benchmark.name, error));
    }
  }
  return { lines, rejects };
}

function nothingToAsk({ benchmark, folder }: ChosenBenchmark, rejects: readonly Reject[]): EvalError {
  const [first] = rejects;
  const why = first === undefined ? 'it is empty' : `${rejects.length} rejected, the first: ${first.message}`;
  return new EvalError('NO_ITEMS', `no item of "${benchmark.name}" can be asked: ${why}`, {
    file: folder,
    hint: `compare with ${benchmark.published.source}`,
  });
}
