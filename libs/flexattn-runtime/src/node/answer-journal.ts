import { appendFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { pathExists, readTextLines, toIoError, writeFileAtomic } from '@flexattn/stage';
import type { Answer } from '../items.js';
import type { Shard } from '../work-queue.js';

/** A line of a part's file: an answer as it came, behind its item's place among all items, from 0. */
type AnswerLine = { index: number } & Answer;
/** Other lines: first whose answers these are; items that are about to be answered; the end, of the whole run or of us. */
export type PartLine =
  AnswerLine | { key: string } | { taken: number[] } | { finished: true } | { stopped: true };

/** The file of one part's answers, beside the whole run's. */
export function partFile(out: string, { index, count }: Shard): string {
  return `${out}.${index}-of-${count}.jsonl`;
}

/**
 * A part's answers in the order of completion, each on the disk before the next: a run that was killed goes on behind
 * the last one. The first line names what is answered by what; the file of another run, or of a whole one that was
 * finished, is started anew. Other parts read along.
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
    for (const [index, answer] of await readAnswers(file, key)) journal.answers.set(index, answer);
    // Written again without the line that a kill may have torn, and without what was taken but not answered.
    const lines = [...journal.answers].map(([index, answer]) => textOf({ index, ...answer }));
    await writeFileAtomic(file, `${textOf({ key })}${lines.join('')}`);
    try {
      journal.#handle = await open(file, 'a');
    } catch (cause) {
      throw toIoError(cause, file);
    }
    return journal;
  }

  async add(index: number, answer: Answer): Promise<void> {
    this.answers.set(index, answer);
    await this.#append({ index, ...answer });
  }

  /** Tells other parts that these items are about to be answered here. */
  take(taken: number[]): void {
    try {
      if (this.#handle !== undefined) appendFileSync(this.#handle.fd, textOf({ taken }));
    } catch (cause) {
      throw toIoError(cause, this.#file);
    }
  }

  /** The whole run's answers are written: whoever asks again wants to have them anew. */
  async finish(): Promise<void> {
    await this.#append({ finished: true });
  }

  /** @param hasOthers - who are told that what was taken and not answered is free again */
  async close(hasOthers: boolean): Promise<void> {
    try {
      if (hasOthers) await this.#append({ stopped: true });
    } finally {
      await this.#handle?.close();
      this.#handle = undefined;
    }
  }

  async #append(line: PartLine): Promise<void> {
    try {
      await this.#handle?.appendFile(textOf(line));
    } catch (cause) {
      throw toIoError(cause, this.#file);
    }
  }
}

/**
 * The answers of a part's file by their places; none where the file is of another run or was finished as a whole. A line
 * that a kill has torn ends it.
 */
export async function readAnswers(file: string, key: string): Promise<Map<number, Answer>> {
  const answers = new Map<number, Answer>();
  if (!(await pathExists(file))) return answers;
  for await (const { line, text } of readTextLines(file)) {
    const value = parsePartLine(text);
    if (line === 1 && !(value !== undefined && 'key' in value && value.key === key)) return answers;
    if (value === undefined) return answers;
    if ('finished' in value) answers.clear();
    if ('id' in value) {
      const { index, ...answer } = value;
      answers.set(index, answer);
    }
  }
  return answers;
}

/** One line, written by this file and by nothing else; undefined where it is torn. */
export function parsePartLine(text: string): PartLine | undefined {
  try {
    return JSON.parse(text) as PartLine;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function textOf(line: PartLine): string {
  return `${JSON.stringify(line)}\n`;
}
