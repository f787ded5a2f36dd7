import type { Answer } from './answer.js';
import type { Item, Loaded, Request } from './item.js';
import type { Extraction, Metric } from './metric.js';
import type { ScoredItem, Statistics, TaskScore } from './summary.js';

/** What a benchmark consists of where it is published. */
export interface Published {
  /** Number of items, and of targets of each item. */
  items: number;
  targets: number;
  /** Name of the folder that holds `files`; the user may name it or the one above. */
  folder?: string;
  files: readonly string[];
  /** Where the files come from. */
  source: string;
}

/** A benchmark: five steps, of which only `load` touches files. */
export interface Benchmark {
  name: string;
  /** Grows when a score of the same answers may change. */
  version: string;
  /** The first is the default. */
  protocols: readonly string[];
  published: Published;
  /** Figures of a protocol, the main one first; the protocol is part of their names. */
  metrics(protocol: string): readonly Metric[];
  /** Items in the order of the files; what cannot be asked comes as a reject. */
  load(folder: string): AsyncIterable<Loaded>;
  prompt(item: Item): Request;
  /** Free answers come as text, chosen options as losses; `prompt` decides which. */
  extract(item: Item, answer: Answer): Extraction;
  /** One number for each metric, in its order. */
  score(item: Item, extraction: Extraction): number[];
  /** Scores of the whole and of each part, by task name. */
  aggregate(scored: readonly ScoredItem[], statistics: Statistics): Record<string, TaskScore>;
}

/** A benchmark without its loader: what is pure. */
export type BenchmarkSteps = Omit<Benchmark, 'load'>;
