import { createHash } from 'node:crypto';
import { createProgress, type Progress } from '@flexattn/stage';
import { cleanAtSight } from '../clean-at-sight.js';
import { cleanBatch, type Cleaned } from '../clean-batch.js';
import type { TextOnly } from '../clean-sample.js';
import type { ImageIndex, VerifyLevel } from '../image-index.js';
import { BATCHES_AHEAD } from '../limits.js';
import { Outcomes } from '../outcome.js';
import type { Manifest, Shard } from '../shard-manifest.js';
import { SampleScanner, type ScannedSample } from '../sample-scanner.js';
import type { AnnotationFile } from './annotation-file.js';

/** An annotation file that is open, and the images that its samples name. */
export interface Source {
  /** Named in errors. */
  annotations: string;
  file: AnnotationFile;
  images: ImageIndex;
}

/** What cleaning needs besides the sources. */
export interface CleanRunOptions {
  textOnly: TextOnly;
  verify: VerifyLevel;
  shard?: Shard | undefined;
  quiet: boolean;
  signal?: AbortSignal | undefined;
}

/** What takes the cleaned samples, in order. */
export interface CleanedTaker {
  take(cleaned: readonly Cleaned[]): Promise<void>;
  /** Whether it wants no more of them. */
  readonly isFull: boolean;
}

/** Reads sources one after the other, cleans their samples and hands them on in order. */
export class CleanRun {
  readonly outcomes = new Outcomes();
  /** What was read of each source; hashed for shards alone. */
  readonly inputs: Manifest['inputs'] = [];
  readonly #options: CleanRunOptions;
  readonly #start = performance.now();
  #samples = 0;

  constructor(options: CleanRunOptions) {
    this.#options = options;
  }

  /** Samples read so far. */
  get samples(): number {
    return this.#samples;
  }

  /** Cleans all of `sources`. Throws where a file is no JSON, an image root goes away, or the signal says so. */
  async cleanAll(sources: readonly Source[], taker: CleanedTaker): Promise<void> {
    const sizes = sources.map(({ file }) => file.size);
    const total = sizes.reduce(
      (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
      0,
    );
    const progress = createProgress({ label: 'clean', total, unit: 'bytes', quiet: this.#options.quiet });
    for (const [input, source] of sources.entries()) {
      if (!taker.isFull) await this.#cleanSource(source, input, taker, progress);
    }
    this.#options.signal?.throwIfAborted();
    for (const { images } of sources) await images.checkRoot();
    progress.finish(this.#rate());
  }

  async #cleanSource(source: Source, input: number, taker: CleanedTaker, progress: Progress): Promise<void> {
    const { annotations, file, images } = source;
    const { textOnly, verify, shard, signal } = this.#options;
    const content = createHash('sha256');
    const { outcomes } = this;
    const context = { file: annotations, input, first: this.#samples, images, textOnly, outcomes };
    // The outcomes of a shard are numbered in the order of its samples, however these came in chunks.
    const sight = shard === undefined ? cleanAtSight(context) : undefined;
    const scanner = new SampleScanner(annotations);
    let bytes = 0;
    let shown = 0;
    const underway: Promise<Cleaned[]>[] = [];
    const start = (scanned: ScannedSample[]) => {
      this.#samples += scanned.length;
      const cleaning = cleanBatch(ownSamples(scanned, context.first, shard), context, sight);
      // What goes wrong is thrown where it is awaited; until then it is not an unhandled error.
      cleaning.catch(() => undefined);
      underway.push(cleaning);
    };
    /** Hands on what was cleaned, but for the last `left` chunks. */
    const handOn = async (left: number) => {
      while (underway.length > left) {
        await taker.take((await underway.shift()) ?? []);
        if (taker.isFull) return;
      }
      progress.advance(file.bytesRead() - shown, this.#rate());
      shown = file.bytesRead();
    };
    const ahead = verify === 'exists' ? 0 : BATCHES_AHEAD;
    for await (const chunk of file.chunks(ahead)) {
      signal?.throwIfAborted();
      bytes += chunk.length;
      if (shard !== undefined) content.update(chunk);
      start(scanner.push(chunk));
      await handOn(ahead);
      if (taker.isFull) return;
    }
    start(scanner.end());
    await handOn(0);
    if (shard !== undefined) this.inputs.push({ bytes, sha256: content.digest('hex') });
  }

  #rate(): string {
    const seconds = Math.max((performance.now() - this.#start) / 1000, 1e-3);
    return `${this.#samples} samples, ${Math.round(this.#samples / seconds)} samples/s`;
  }
}

/** A shard cleans every `of`-th sample, so that all shards have about the same number from each source. */
function ownSamples(scanned: ScannedSample[], first: number, shard: Shard | undefined): ScannedSample[] {
  if (shard === undefined) return scanned;
  return scanned.filter(({ index }) => (first + index) % shard.of === shard.index);
}
