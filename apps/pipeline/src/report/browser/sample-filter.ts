import type { AnswerCell, SampleData } from './sample-data.js';

/** What the reader asks to see. */
export interface Wanted {
  /** A task's title; empty: all. */
  task: string;
  /** The column whose answers are judged, and the one they are held against. */
  judged: number;
  against: number;
  result: string;
  search: string;
}

/** Which items fit what the reader asks for. */
export class SampleFilter {
  /** All text of an item in lower case, made when it is first searched. */
  private readonly texts = new Map<number, string>();

  constructor(
    private readonly data: SampleData,
    /** Above this score an answer counts as right. */
    private readonly right: number,
  ) {}

  /** Places of the items that fit, in order. */
  itemsFor(wanted: Wanted): number[] {
    const words = wanted.search.toLowerCase().split(/\s+/).filter(Boolean);
    return this.data.items.flatMap(([, task, , , , , , , , answers], item) => {
      if (wanted.task !== '' && this.data.texts[task] !== wanted.task) return [];
      if (!this.hasResult(answers[wanted.judged], answers[wanted.against], wanted.result)) return [];
      return words.every((word) => this.textOf(item).includes(word)) ? [item] : [];
    });
  }

  /** Whether an answer is right; undefined where there is no score. */
  isRight(answer: AnswerCell | null | undefined): boolean | undefined {
    const score = answer?.[1] ?? null;
    return score === null ? undefined : score > this.right;
  }

  private hasResult(
    own: AnswerCell | null | undefined,
    other: AnswerCell | null | undefined,
    result: string,
  ): boolean {
    const [is, was] = [this.isRight(own), this.isRight(other)];
    if (result === 'right') return is === true;
    if (result === 'wrong') return is === false;
    if (result === 'unscored') return is === undefined;
    if (result === 'gained') return is === true && was === false;
    if (result === 'lost') return is === false && was === true;
    if (result === 'flipped') return is !== undefined && was !== undefined && is !== was;
    return true;
  }

  private textOf(item: number): string {
    const known = this.texts.get(item);
    if (known !== undefined) return known;
    const row = this.data.items[item];
    if (row === undefined) return '';
    const [id, , , , question, options, targets, , , answers] = row;
    const indices = [
      question,
      ...options,
      ...targets.map(([target]) => target),
      ...answers.map((one) => one?.[0] ?? -1),
    ];
    const text = [id, ...indices.map((index) => this.data.texts[index] ?? '')].join('\n').toLowerCase();
    this.texts.set(item, text);
    return text;
  }
}
