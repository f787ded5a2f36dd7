/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/// <reference lib="dom.asynciterable" />

/** An index into `SampleData.texts`. */
export type TextIndex = number;

/** What a column made of an item: its text (-1: nothing could be read), its score (null: none), one loss an option. */
export type AnswerCell = [text: TextIndex, score: number | null, losses?: readonly number[]];

/**
 * What a column chose to see in high resolution: its layers as "1 2 3", then for each step one string a layer: a bit
 * for each region, row by row, in base64; empty where the layer chose none.
 */
export type RegionCell = [column: number, layers: TextIndex, steps: readonly (readonly string[])[]];

/** One benchmark item. Tuples: five thousand of them have to fit. */
export type SampleRow = [
  id: string,
  task: TextIndex,
  /** The prompt before and after the question. */
  before: TextIndex,
  after: TextIndex,
  question: TextIndex,
  options: readonly TextIndex[],
  targets: readonly (readonly [target: TextIndex, count: number])[],
  /** Into `pictures`. */
  picture: number,
  /** 1: the models saw it stretched to a square, not padded. */
  stretched: 0 | 1,
  /** One a column; null: the column was not asked. */
  answers: readonly (AnswerCell | null)[],
  regions: readonly RegionCell[],
];

/**
 * A picture: its bytes as a data URI or null, its file relative to the page, and 1 where a browser would turn it by its
 * orientation tag, which no model applies.
 */
export type PictureCell = [inline: string | null, file: string, turned: 0 | 1];

/** All that the sample browser shows; written into the page as JSON. */
export interface SampleData {
  /** Models, of several runs where runs are compared. */
  columns: readonly string[];
  texts: readonly string[];
  /** Where regions begin and end along a side of the square that the models see, 0 to 1. */
  edges: readonly number[];
  pictures: readonly PictureCell[];
  items: readonly SampleRow[];
}
