import { rejectLine, type Cleaned } from './clean-batch.js';
import { idText } from './edit-sample.js';
import { HashSet } from './hash-set.js';
import { NumberList } from './number-list.js';
import type { Outcomes } from './outcome.js';
import { reportOf, type CleanReport } from './report.js';
import { sampleKey, type Dedupe } from './sample-key.js';

/** Which of the cleaned samples are written, and in which order. */
export interface SiftOptions {
  /** Of two samples that are the same, the first that the rules keep stays. */
  dedupe?: Dedupe | undefined;
  /** At most so many samples are kept: the first ones, or with `shuffle` the first of the shuffled ones. */
  limit?: number | undefined;
  /** Seed of their order. */
  shuffle?: number | undefined;
}

/**
 * Drops duplicates and what is over the limit, and counts what becomes of every sample. Memory: 16 bytes a slot of
 * the hash table with `dedupe`, 8 bytes a sample with `shuffle` and `limit`.
 */
export class Sift {
  readonly #options: SiftOptions;
  readonly #outcomes: Outcomes;
  readonly #seen = new HashSet();
  readonly #counts: number[] = [];
  /** The outcome of each kept sample, where the limit is drawn only at the end. */
  readonly #keptOutcomes = new NumberList();
  #kept = 0;

  constructor(options: SiftOptions, outcomes: Outcomes) {
    this.#options = options;
    this.#outcomes = outcomes;
  }

  /** Whether nothing that is still to come can be kept. */
  get isFull(): boolean {
    const { limit, shuffle } = this.#options;
    return limit !== undefined && shuffle === undefined && this.#kept >= limit;
  }

  /** The sample as it is written: dropped where it is a duplicate. */
  pass(cleaned: Cleaned): Cleaned {
    const { dedupe, limit, shuffle } = this.#options;
    const sifted = dedupe === undefined ? cleaned : this.#withoutDuplicate(cleaned, dedupe);
    const id = this.#outcomes.idOf(sifted.outcome);
    this.#counts[id] = (this.#counts[id] ?? 0) + 1;
    if (!sifted.kept) return sifted;
    this.#kept += 1;
    if (limit !== undefined && shuffle !== undefined) this.#keptOutcomes.push(id);
    return sifted;
  }

  /** Once the order is known, at the end: what stands behind the limit is dropped. */
  cut(order: Uint32Array): Uint32Array {
    const { limit = order.length } = this.#options;
    for (const place of order.subarray(limit)) {
      const id = this.#keptOutcomes.at(place);
      const { input, source } = this.#outcomes.list[id] ?? UNKNOWN;
      const over = this.#outcomes.idOf({ input, source, code: 'OVER_LIMIT', changes: [], notes: [] });
      this.#counts[id] = (this.#counts[id] ?? 0) - 1;
      this.#counts[over] = (this.#counts[over] ?? 0) + 1;
    }
    return order.subarray(0, limit);
  }

  /** What became of all samples of `inputCount` annotation files. */
  report(inputCount: number): CleanReport {
    const counted = this.#outcomes.list.map((outcome, id) => [outcome, this.#counts[id] ?? 0] as const);
    return reportOf(
      counted.filter(([, count]) => count > 0),
      inputCount,
    );
  }

  #withoutDuplicate(cleaned: Cleaned, dedupe: Dedupe): Cleaned {
    if (!cleaned.kept || this.#seen.add(sampleKey(cleaned.bytes, dedupe))) return cleaned;
    const { index, bytes, outcome } = cleaned;
    const { input, source } = outcome;
    const what = dedupe === 'id' ? 'its id' : 'its image and conversation';
    const drop = { code: 'DUPLICATE', detail: `an earlier sample has ${what}` } as const;
    const line = rejectLine(index, idText(Buffer.from(bytes).toString('utf8')), drop);
    const dropped = { input, source, code: drop.code, changes: [], notes: [] };
    return { kept: false, index, line, toFetch: undefined, outcome: dropped };
  }
}

const UNKNOWN = { input: 0, source: 'unknown' };
