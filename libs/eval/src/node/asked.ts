import { createHash } from 'node:crypto';
import type { ScoredBenchmark } from '../assemble-results.js';
import { collectItems, countWarnings } from '../collect.js';
import { EvalError } from '../errors.js';
import type { InferItem, Item, Reject, Request } from '../item.js';
import type { ChosenBenchmark } from './registry.js';

/** A benchmark as it was asked: its items in order, and what was not asked. */
export interface Asked extends Omit<ScoredBenchmark, 'models' | 'asked'> {
  items: Item[];
}

/**
 * Loads a benchmark again, for the targets, and checks that the lines of items.jsonl and rejects.jsonl are its: else
 * `ITEMS_STALE`, which names the first that is not.
 */
export async function askedOf(
  { benchmark, folder, ...asking }: ChosenBenchmark,
  inferItems: ReadonlyMap<string, InferItem>,
  allRejects: readonly Reject[],
  seed: number,
): Promise<Asked> {
  const { name, published } = benchmark;
  const { protocol } = asking;
  const collected = await collectItems(benchmark.load(folder, asking));
  const rejects = allRejects.filter((reject) => reject.benchmark === name);
  const rejected = new Set(rejects.map(({ id }) => id));
  const items = collected.items.filter(({ id }) => inferItems.has(id) || !rejected.has(id));
  const own = [...inferItems.values()].filter((line) => line.benchmark === name);
  const ids = new Set(items.map(({ id }) => id));
  const changed =
    items.find((item) => !isSameRequest(inferItems.get(item.id), benchmark.prompt(item, protocol))) ??
    own.find(({ id }) => !ids.has(id));
  if (changed !== undefined) {
    throw new EvalError('ITEMS_STALE', `"${changed.id}" is not as the files of "${name}" have it now`, {
      file: folder,
      hint: 'write the items again and let the models answer them',
    });
  }
  return {
    benchmark,
    shuffleSeed: asking.shuffleSeed,
    statistics: { benchmark: name, protocol, metrics: benchmark.metrics(protocol), seed },
    items,
    rejects,
    warnings: countWarnings(name, published, collected),
    hashes: {
      questions: sha256(
        items.map(({ id, category, question, options, targets }) => [
          id,
          category,
          question,
          options,
          targets,
        ]),
      ),
      prompts: sha256(own.map(({ id, image, imageSha256, ...request }) => [id, request])),
      pictures: sha256(own.map(({ id, imageSha256 }) => [id, imageSha256])),
    },
  };
}

/** Whether the line asks what the benchmark would ask now. */
function isSameRequest(line: InferItem | undefined, request: Request): boolean {
  if (line?.prompt !== request.prompt) return false;
  if ('maxNewTokens' in request) {
    if (!('maxNewTokens' in line) || (line.stretch ?? false) !== (request.stretch ?? false)) return false;
    return line.maxNewTokens === request.maxNewTokens;
  }
  if (!('options' in line) || (line.endToken ?? false) !== (request.endToken ?? false)) return false;
  return JSON.stringify(line.options) === JSON.stringify(request.options);
}

function sha256(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
