import { ByteWriter, type ByteTarget } from './byte-writer.js';

/** How the clean samples are written: an array with one sample a line, or a sample a line and nothing else. */
export type OutputFormat = 'json' | 'jsonl';

const FIRST = Buffer.from('[\n');
const BETWEEN = Buffer.from(',\n');
const LAST = Buffer.from('\n]\n');
const NONE = Buffer.from('[]\n');
const LINE_FEED = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

/** Writes samples as a file of annotations. */
export class SampleWriter {
  readonly #bytes: ByteWriter;
  readonly #format: OutputFormat;
  #count = 0;

  constructor(target: ByteTarget, format: OutputFormat) {
    this.#bytes = new ByteWriter(target);
    this.#format = format;
  }

  /** Adds a sample, which has no line feed in it for JSON lines; the promise, if any, is awaited before the next one. */
  add(sample: Uint8Array): Promise<void> | undefined {
    this.#count += 1;
    if (this.#format === 'jsonl') return this.#bytes.add(sample, LINE_FEED);
    return this.#bytes.add(this.#count === 1 ? FIRST : BETWEEN, sample);
  }

  /** Writes the end, and waits until everything is written. */
  async finish(): Promise<void> {
    if (this.#format === 'json') await this.#bytes.add(this.#count === 0 ? NONE : LAST, NOTHING);
    await this.#bytes.flush();
  }
}
