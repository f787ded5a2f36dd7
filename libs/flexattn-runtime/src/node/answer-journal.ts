import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { readTextLines, toIoError, writeFileAtomic } from '@flexattn/stage';
import type { Answer } from '../items.js';
import { exists } from './load-tokenizer.js';

/** A line of the journal: an answer as it came, with its place among all items. */
interface Entry {
  index: number;
  answer: Answer;
}

/**
 * Answers in the order of completion, each on the disk before the next: a run that was killed goes on behind the last
 * one. The first line names what is answered by what; the journal of another run is started anew.
 */
export class AnswerJournal {
  /** By place, what was answered before and since. */
  readonly answers = new Map<number, Answer>();
  readonly #file: string;
  #handle: FileHandle | undefined;

  private constructor(file: string) {
    this.#file = file;
  }

  /** @param key - of items, model and settings */
  static async open(file: string, key: string): Promise<AnswerJournal> {
    const journal = new AnswerJournal(file);
    for (const { index, answer } of await readEntries(file, key)) journal.answers.set(index, answer);
    // Written again without the line that a kill may have torn.
    const lines = [...journal.answers].map(([index, answer]) => entryLine({ index, answer }));
    await writeFileAtomic(file, `${JSON.stringify({ key })}\n${lines.join('')}`);
    try {
      journal.#handle = await open(file, 'a');
    } catch (cause) {
      throw toIoError(cause, file);
    }
    return journal;
  }

  async add(index: number, answer: Answer): Promise<void> {
    this.answers.set(index, answer);
    try {
      await this.#handle?.appendFile(entryLine({ index, answer }));
    } catch (cause) {
      throw toIoError(cause, this.#file);
    }
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

/**
 * The entries of a journal or of a shard's finished answers; none where the file is of another run. A line that a
 * kill has torn ends it.
 */
export async function readEntries(file: string, key: string): Promise<Entry[]> {
  if (!(await exists(file))) return [];
  const entries: Entry[] = [];
  for await (const { line, text } of readTextLines(file)) {
    const value = parseLine(text);
    if (line === 1 && (value as { key?: string } | undefined)?.key !== key) return [];
    if (value === undefined) return entries;
    if (line > 1) entries.push(value as Entry);
  }
  return entries;
}

/** One line, written by this file and by nothing else; undefined where it is torn. */
function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function entryLine(entry: Entry): string {
  return `${JSON.stringify(entry)}\n`;
}
