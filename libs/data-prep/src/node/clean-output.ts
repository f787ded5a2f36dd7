import { hash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createAtomicFile, toIoError, type AtomicFile } from '@flexattn/stage';
import { HashSet } from '../hash-set.js';
import { LINES_LENGTH, MAX_NAME_LENGTH } from '../limits.js';
import { MANIFEST, OUTCOMES } from '../shard-manifest.js';
import { SampleWriter, type OutputFormat } from './sample-writer.js';

/** Where the results of a run go: all files of the output folder, or nowhere. */
export interface CleanOutput {
  /** Takes a sample; the promise, if any, is awaited before the next one. */
  keep(sample: Uint8Array): Promise<void> | undefined;
  /** Takes lines of `rejects.jsonl`. */
  reject(line: string): void;
  /** Lists an image to be fetched again: whether it was not on the list. */
  list(name: string): boolean;
  /** Writes what `reject` and `list` took, where that is much. */
  flush(): Promise<void>;
  /** Gives the files their names; `last` are written now, the last of them gets its name last. */
  commit(last: Readonly<Record<string, string | Uint8Array>>): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}

/** An output that takes everything and writes nothing. */
export const NO_OUTPUT: CleanOutput = {
  keep: () => undefined,
  reject: () => undefined,
  list: () => true,
  flush: () => Promise.resolve(),
  commit: () => Promise.resolve(),
  abort: () => Promise.resolve(),
};

/** Samples on standard output, one a line; who reads it sets the pace. */
export function standardOutput(): CleanOutput {
  const samples = new SampleWriter({ write: writeOut }, 'jsonl');
  return {
    ...NO_OUTPUT,
    keep: (sample) => samples.add(sample),
    commit: () => samples.finish(),
  };
}

function writeOut(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error == null ? resolve() : reject(error)));
  });
}

/** The name of the file with the samples that are kept. */
export function annotationsName(format: OutputFormat): string {
  return `annotations.${format}`;
}

/** Every file that some run writes. */
const OUTPUTS = [
  annotationsName('json'),
  annotationsName('jsonl'),
  'rejects.jsonl',
  'missing-images.txt',
  OUTCOMES,
  MANIFEST,
  'report.json',
];

/** Starts the annotations, `rejects.jsonl` and `missing-images.txt` in `folder`; none is visible yet. */
export async function openCleanOutput(folder: string, format: OutputFormat): Promise<CleanOutput> {
  const open: AtomicFile[] = [];
  const start = async (name: string) => {
    const file = await createAtomicFile(join(folder, name), { hash: false });
    open.push(file);
    return file;
  };
  const abort = async () => {
    for (const file of open.splice(0)) await file.abort();
  };
  try {
    const annotations = new SampleWriter(await start(annotationsName(format)), format);
    const rejects = new Lines(await start('rejects.jsonl'));
    const missing = new Lines(await start('missing-images.txt'));
    const listed = new HashSet();
    return {
      abort,
      async flush() {
        await rejects.flushMany();
        await missing.flushMany();
      },
      keep: (sample) => annotations.add(sample),
      reject: (line) => rejects.add(line),
      list(name) {
        if (name.length > MAX_NAME_LENGTH || !listed.add(hash('sha256', name, 'buffer'))) return false;
        missing.add(/[\r\n]|^"|^\s*$/.test(name) ? JSON.stringify(name) : name);
        return true;
      },
      async commit(last) {
        await annotations.finish();
        await rejects.flush();
        await missing.flush();
        for (const [name, content] of Object.entries(last)) await (await start(name)).write(content);
        const written = [annotationsName(format), 'rejects.jsonl', 'missing-images.txt'];
        for (const name of OUTPUTS) if (!written.includes(name)) await removeOld(join(folder, name));
        await commitAll(open.slice(0, -1));
        await open.at(-1)?.commit();
        open.length = 0;
      },
    };
  } catch (error) {
    await abort();
    throw error;
  }
}

/** Side by side, as each waits for the disk; throws, once all have ended, what one of them met. */
async function commitAll(files: readonly AtomicFile[]): Promise<void> {
  const ends = await Promise.allSettled(files.map((file) => file.commit()));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

/** Lines that are written when somebody waits for it. */
class Lines {
  readonly #file: AtomicFile;
  #waiting: string[] = [];
  #length = 0;

  constructor(file: AtomicFile) {
    this.#file = file;
  }

  add(line: string): void {
    this.#waiting.push(`${line}\n`);
    this.#length += line.length;
  }

  /** A write costs as much as cleaning 50 samples, however short it is. */
  async flushMany(): Promise<void> {
    if (this.#length >= LINES_LENGTH) await this.flush();
  }

  async flush(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    this.#length = 0;
    if (lines.length > 0) await this.#file.write(lines.join(''));
  }
}

/** An old report, or what another kind of run left, beside new annotations would be taken for theirs. */
async function removeOld(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    throw toIoError(cause, path);
  }
}
