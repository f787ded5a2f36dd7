import type { AnswerLine } from '@flexattn/eval';
import type { AnswerCell, RegionCell, SampleData, SampleRow } from './browser/sample-data.js';
import { questionOf, targetCounts } from './question.js';
import type { PackedRegions } from './regions.js';
import { taskTitle } from './tasks.js';

/** Answers of one model of one run. */
export interface Column {
  name: string;
  lines: readonly AnswerLine[];
  /** What it chose to see, by id. */
  regions: ReadonlyMap<string, PackedRegions>;
}

/** Bytes that the parts may take in the page. */
export interface Room {
  text: number;
  regions: number;
}

/** The samples of a page, and what of them had no room in it. */
export interface FittedSamples {
  /** Without its pictures. */
  data: Omit<SampleData, 'pictures'>;
  /** The pictures by their place, as the items name them. */
  images: readonly string[];
  /** Items that are not in the page at all. */
  itemsLeftOut: number;
  /** Items whose regions are not. */
  regionsLeftOut: number;
}

/** Different strings, each with its place. */
class Strings {
  readonly values: string[] = [];
  private readonly places = new Map<string, number>();

  placeOf(value: string): number {
    const place = this.places.get(value) ?? this.values.push(value) - 1;
    this.places.set(value, place);
    return place;
  }
}

/**
 * Items of all columns in the order of the lines. Where there is not room for all, the first of `order` are in.
 *
 * @param edges - of the regions along a side of the square that the models see, 0 to 1
 */
export function sampleData(
  columns: readonly Column[],
  order: readonly string[],
  { edges, room }: { edges: readonly number[]; room: Room },
): FittedSamples {
  const asked = new Map(columns.flatMap(({ lines }) => lines).map((line) => [line.id, line]));
  const byId = columns.map(({ lines }) => new Map(lines.map((line) => [line.id, line])));
  const into: Words = { texts: new Strings(), images: new Strings() };
  const rowOf = (item: AnswerLine, regions: RegionCell[], words: Words) =>
    sampleRow(item, { ...words, answers: byId.map((lines) => lines.get(item.id)), regions });
  const ranked = [...new Set([...order, ...asked.keys()])].filter((id) => asked.has(id));

  const trial: Words = { texts: new Strings(), images: new Strings() };
  const shown = firstThatFit(ranked, room.text, (id) => {
    const known = trial.texts.values.length;
    const item = asked.get(id);
    const row = item === undefined ? 0 : bytesOf(rowOf(item, [], trial));
    return row + bytesOf(trial.texts.values.slice(known));
  });
  const choosing = ranked.filter((id) => shown.has(id) && columns.some(({ regions }) => regions.has(id)));
  const drawn = firstThatFit(choosing, room.regions, (id) => bytesOf(regionCells(id, columns, trial.texts)));

  const items = [...asked].flatMap(([id, item]) =>
    shown.has(id) ? [rowOf(item, drawn.has(id) ? regionCells(id, columns, into.texts) : [], into)] : [],
  );
  return {
    data: { columns: columns.map(({ name }) => name), texts: into.texts.values, edges, items },
    images: into.images.values,
    itemsLeftOut: asked.size - items.length,
    regionsLeftOut: choosing.length - drawn.size,
  };
}

interface Words {
  texts: Strings;
  images: Strings;
}

interface RowParts extends Words {
  answers: readonly (AnswerLine | undefined)[];
  regions: RegionCell[];
}

function sampleRow(item: AnswerLine, { answers, regions, texts, images }: RowParts): SampleRow {
  const { id, benchmark, category, prompt, options, targets, image, stretch } = item;
  const question = questionOf(prompt);
  const at = prompt.indexOf(question);
  return [
    id,
    texts.placeOf(taskTitle({ benchmark, part: category })),
    texts.placeOf(prompt.slice(0, at)),
    texts.placeOf(prompt.slice(at + question.length)),
    texts.placeOf(question),
    options.map((option) => texts.placeOf(option)),
    targetCounts(targets).map(({ target, count }) => [texts.placeOf(target), count]),
    images.placeOf(image),
    stretch ? 1 : 0,
    answers.map((line) => (line === undefined ? null : answerCell(line, texts))),
    regions,
  ];
}

/** The answer as it came; of losses the option that was chosen; of a failure its message. */
function answerCell({ answer, extracted, score, losses, error }: AnswerLine, texts: Strings): AnswerCell {
  const text = error?.message ?? answer ?? extracted;
  const place = text === null ? -1 : texts.placeOf(text);
  return losses === null ? [place, score] : [place, score, losses.map((loss) => Number(loss.toFixed(3)))];
}

function regionCells(id: string, columns: readonly Column[], texts: Strings): RegionCell[] {
  return columns.flatMap(({ regions }, column): RegionCell[] => {
    const own = regions.get(id);
    return own === undefined ? [] : [[column, texts.placeOf(own.layers.join(' ')), own.steps]];
  });
}

/** The first of the ids that have room together. */
function firstThatFit(ids: readonly string[], room: number, bytes: (id: string) => number): Set<string> {
  const fitting = new Set<string>();
  let used = 0;
  for (const id of ids) {
    used += bytes(id);
    if (used > room) break;
    fitting.add(id);
  }
  return fitting;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
