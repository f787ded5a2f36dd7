import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { canonicalJson } from '@flexattn/stage';
import type { InferItem } from '../item.js';
import { openJournal } from './journal.js';

/** What decides a model's answer besides the item. */
export interface AnswerStoreOptions {
  /** Folder of all models' answers, as `.flexattn/answers`. */
  folder: string;
  /** SHA-256 of the model: its weights, configuration and tokenizer. */
  weights: string;
  /** All else that the answer may depend on: code, precision, device. JSON values only. */
  settings: Readonly<Record<string, unknown>>;
}

/** Answers that were given once, by what decides them: weights and settings, the picture's bytes, the request. */
export interface AnswerStore {
  /** The key of an item: equal for items that get the same answer, whatever their ids and benchmarks. */
  keyOf(item: InferItem): string;
  has(item: InferItem): boolean;
  /** The answer as it was kept, without an id; undefined where there is none. */
  get(item: InferItem): Promise<object | undefined>;
  /** Keeps an answer; there even if the process is killed next. */
  keep(item: InferItem, answer: object): Promise<void>;
  close(): Promise<void>;
}

/** Opens the answers of one model with these settings. */
export async function openAnswerStore({
  folder,
  weights,
  settings,
}: AnswerStoreOptions): Promise<AnswerStore> {
  const journal = await openJournal(join(folder, sha256(canonicalJson({ weights, settings }))));
  // Each item is asked for several times.
  const known = new WeakMap<InferItem, string>();
  const keyOf = (item: InferItem) => {
    const key = known.get(item) ?? keyOfAsked(item);
    known.set(item, key);
    return key;
  };
  return {
    keyOf,
    has: (item) => journal.has(keyOf(item)),
    get: async (item) => {
      const kept = await journal.get(keyOf(item));
      return typeof kept === 'object' && kept !== null ? kept : undefined;
    },
    keep: (item, answer) => journal.keep(keyOf(item), answer),
    close: () => journal.close(),
  };
}

/** All of an item but its names: what the model sees. A flag that is false is one that is left out. */
function keyOfAsked({ id, benchmark, image, ...asked }: InferItem): string {
  const set = Object.entries(asked).filter(([, value]) => value !== undefined && value !== false);
  return sha256(canonicalJson(Object.fromEntries(set)));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
