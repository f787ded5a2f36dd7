import type { Cleaned } from '../clean-batch.js';
import { NumberList } from '../number-list.js';
import { oneLine } from '../one-line.js';
import type { Outcome, Outcomes } from '../outcome.js';
import type { CleanReport } from '../report.js';
import type { Shard } from '../shard-manifest.js';
import { shuffledOrder } from '../shuffled-order.js';
import { Sift, type SiftOptions } from '../sift.js';
import type { CleanOutput } from './clean-output.js';
import type { CleanedTaker } from './clean-run.js';
import type { OutputFormat } from './sample-writer.js';
import { ShuffleFile } from './shuffle-file.js';

/** What is done with cleaned samples on the way to the output. */
export interface CleanSinkOptions extends SiftOptions {
  outcomes: Outcomes;
  format: OutputFormat;
  /** Of a shard's samples the outcomes are remembered, and sifting is left to the merge. */
  shard?: Shard | undefined;
  /** Where samples wait to be shuffled; undefined where nothing is written. */
  folder?: string | undefined;
}

/** Sifts cleaned samples, counts them and hands them to the output. */
export class CleanSink implements CleanedTaker {
  readonly #output: CleanOutput;
  readonly #options: CleanSinkOptions;
  readonly #sift: Sift;
  readonly #outcomeIds = new NumberList();
  readonly #shuffled: ShuffleFile | undefined;
  #kept = 0;

  constructor(output: CleanOutput, options: CleanSinkOptions) {
    const { shard, shuffle, folder } = options;
    this.#output = output;
    this.#options = options;
    this.#sift = new Sift(shard === undefined ? options : {}, options.outcomes);
    const mustShuffle = shard === undefined && shuffle !== undefined && folder !== undefined;
    this.#shuffled = mustShuffle ? new ShuffleFile(folder) : undefined;
  }

  get isFull(): boolean {
    return this.#sift.isFull;
  }

  /** Takes the next samples. */
  async take(cleaned: readonly Cleaned[]): Promise<void> {
    for (const sample of cleaned) {
      if (this.isFull) break;
      const waiting = this.#put(this.#sift.pass(sample));
      if (waiting !== undefined) await waiting;
    }
    await this.#output.flush();
  }

  /** Brings what waits into its order, and reports; `inputCount` annotation files were read. */
  async finish(inputCount: number): Promise<CleanReport> {
    const { shard, shuffle } = this.#options;
    if (shard === undefined && shuffle !== undefined) {
      const order = this.#sift.cut(shuffledOrder(shuffle, this.#kept));
      if (this.#shuffled !== undefined) {
        for await (const sample of this.#shuffled.inOrder(order)) await this.#output.keep(sample);
      }
    }
    return this.#sift.report(inputCount);
  }

  /** The outcome of each sample, in order, four bytes each. */
  outcomeBytes(): Uint8Array {
    const bytes = Buffer.alloc(4 * this.#outcomeIds.length);
    for (let i = 0; i < this.#outcomeIds.length; i += 1) bytes.writeUInt32LE(this.#outcomeIds.at(i), 4 * i);
    return bytes;
  }

  close(): void {
    this.#shuffled?.close();
  }

  #put(sample: Cleaned): Promise<void> | undefined {
    if (!sample.kept) {
      this.#drop(sample);
      return undefined;
    }
    this.#remember(sample.outcome);
    this.#kept += 1;
    const { format } = this.#options;
    const bytes = format === 'jsonl' && sample.lineFeeds > 0 ? oneLine(sample.bytes) : sample.bytes;
    return this.#shuffled === undefined ? this.#output.keep(bytes) : this.#shuffled.add(bytes);
  }

  #drop({ line, toFetch, outcome }: Cleaned & { kept: false }): void {
    const isNew = toFetch !== undefined && this.#output.list(toFetch);
    this.#remember(isNew ? { ...outcome, toFetch: true } : outcome);
    this.#output.reject(line);
  }

  /** For the merge of shards. */
  #remember(outcome: Outcome): void {
    const { shard, outcomes } = this.#options;
    if (shard !== undefined) this.#outcomeIds.push(outcomes.idOf(outcome));
  }
}
