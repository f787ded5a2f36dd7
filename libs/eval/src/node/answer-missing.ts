import { writeFileAtomic } from '@flexattn/stage';
import type { InferItem } from '../item.js';
import type { AnswerStore } from './answer-store.js';
import { jsonLines } from './json-lines.js';
import { readItems } from './read-items.js';

/** Kept answers that are in memory together: with regions, one of a 7B model has some 100 kB. */
const READ_AT_ONCE = 256;

/** Part `index` (from 0) of `count`: the items whose place in the file leaves this remainder. */
export interface Shard {
  index: number;
  count: number;
}

export interface AnswerMissingOptions {
  /** An items.jsonl of `writeItems`. */
  items: string;
  /** The file to write: a line for each item, in their order. */
  out: string;
  /** Where answers are kept; left out: all are asked, none is kept. */
  store?: AnswerStore | undefined;
  /** Answers these items only; `scoreAnswers` takes the files of all shards. */
  shard?: Shard | undefined;
  /**
   * Asks a model these items, each another question, and hands over each answer (without its id) as it comes. An answer
   * with an `error` is written, but not kept: the item is asked again next time.
   */
  ask(
    missing: readonly InferItem[],
    answered: (item: InferItem, answer: object) => Promise<void>,
  ): Promise<void>;
}

/** How many items there are, how many of them a model was asked for, and how many got an error. */
export interface AnsweredItems {
  items: number;
  asked: number;
  errors: number;
}

/**
 * Writes the answers to all items, of which a model is asked only those that are not kept. Stopped anywhere and run again,
 * it goes on after the last answer, and the file has the same bytes.
 */
export async function answerMissing(options: AnswerMissingOptions): Promise<AnsweredItems> {
  const { store, shard } = options;
  const items = [...(await readItems(options.items)).values()].filter(
    (_, i) => shard === undefined || i % shard.count === shard.index,
  );
  const keyOf = (item: InferItem) => store?.keyOf(item) ?? item.id;
  const missing = new Map(
    items.filter((item) => store?.has(item) !== true).map((item) => [keyOf(item), item]),
  );
  const fresh = new Map<string, object>();
  if (missing.size > 0) {
    await options.ask([...missing.values()], async (item, answer) => {
      if (store === undefined || 'error' in answer) fresh.set(keyOf(item), answer);
      else await store.keep(item, answer);
    });
  }
  const answerTo = async (item: InferItem) => {
    const answer = (await store?.get(item)) ?? fresh.get(keyOf(item));
    if (answer === undefined) throw new Error(`"${item.id}" was asked and not answered`);
    return { id: item.id, ...answer };
  };
  let errors = 0;
  const lines = async function* () {
    for (let from = 0; from < items.length; from += READ_AT_ONCE) {
      const answers = await Promise.all(items.slice(from, from + READ_AT_ONCE).map(answerTo));
      errors += answers.filter((answer) => 'error' in answer).length;
      yield jsonLines(answers);
    }
  };
  await writeFileAtomic(options.out, lines());
  return { items: items.length, asked: missing.size, errors };
}
