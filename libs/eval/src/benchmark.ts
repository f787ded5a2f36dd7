import type { Answer } from './answer.js';
import type { Item, Loaded, Request } from './item.js';
import type { Extraction, JudgeQuestion, Metric } from './metric.js';
import type { ScoredItem } from './scored-item.js';
import type { Statistics, TaskScore } from './summary.js';

/** What a benchmark consists of where it is published. */
export interface Published {
  /** Number of items, where it is known. */
  items?: number;
  /** Of each part, where it has parts: their items' ids begin with `<benchmark>/<part>/`. */
  parts?: Readonly<Record<string, number>>;
  /** Number of targets of each item, where it is the same for all. */
  targets?: number;
  /** Name of the folder that holds `files`; the user may name it or the one above. */
  folder?: string;
  /** Files and folders; one of several names that it has in the wild. */
  files: readonly (string | readonly string[])[];
  /** Where the files come from. */
  source: string;
  /** What a protocol needs besides, by its name; `items`: where it has another number of them. */
  protocolFiles?: Readonly<Record<string, ProtocolFiles>>;
}

/** Files that one protocol of a benchmark needs. */
export interface ProtocolFiles extends Pick<Published, 'files' | 'source'> {
  items?: number;
}

/** How a benchmark is asked. */
export interface Asking {
  protocol: string;
  /** Decides the order of lettered options that the loader may shuffle; null: as in the file. */
  shuffleSeed: number | null;
}

/** A benchmark: five steps, of which only `load` touches files. */
export interface Benchmark {
  name: string;
  /** One line for people: what the pictures are, and what is asked. */
  about: string;
  /** Grows when a score of the same answers may change. */
  version: string;
  /** The first is the default. */
  protocols: readonly string[];
  published: Published;
  /** Figures of a protocol, the main one first; the protocol is part of their names. */
  metrics(protocol: string): readonly Metric[];
  /** Items in the order of the files; what cannot be asked comes as a reject. */
  load(folder: string, asking: Asking): AsyncIterable<Loaded>;
  prompt(item: Item, protocol: string): Request;
  /** Free answers come as text, chosen options as losses; `prompt` decides which. */
  extract(item: Item, answer: Answer, protocol: string): Extraction;
  /** One number for each metric, in its order. An `EvalError` is recorded for the item, which then has no score. */
  score(item: Item, extraction: Extraction, protocol: string): number[];
  /** What a judge is to say of an answer, where the protocol's main metric is its; the verdict goes into the `Answer`. */
  judgeQuestion?(item: Item, answer: string, protocol: string): JudgeQuestion | undefined;
  /** Scores of the whole and of each part, by task name. */
  aggregate(scored: readonly ScoredItem[], statistics: Statistics): Record<string, TaskScore>;
}

/** A benchmark without its loader: what is pure. */
export type BenchmarkSteps = Omit<Benchmark, 'load'>;
