import type { InferItem } from './items.js';

/** An item and its place among all items of the run, from 0. */
export interface NumberedItem {
  index: number;
  item: InferItem;
}

/** The items about one picture: whoever takes them encodes it once. */
export interface PictureGroup {
  image: string;
  items: NumberedItem[];
}

/** Part `index` of `count`, from 0. */
export interface Shard {
  index: number;
  count: number;
}

/** How often an item may be given to another worker after the one that answered it died. */
const SECOND_CHANCES = 2;

/** Groups by picture, in the order of their first items. */
export function groupByPicture(items: readonly NumberedItem[]): PictureGroup[] {
  const groups = new Map<string, PictureGroup>();
  for (const numbered of items) {
    const { image } = numbered.item;
    const group = groups.get(image) ?? { image, items: [] };
    group.items.push(numbered);
    groups.set(image, group);
  }
  return [...groups.values()];
}

/** Every `count`-th group: pictures are never split over shards. */
export function groupsOfShard(groups: readonly PictureGroup[], { index, count }: Shard): PictureGroup[] {
  return groups.filter((_, place) => place % count === index);
}

/** Groups that wait for a worker. */
export class WorkQueue {
  readonly #groups: PictureGroup[];
  readonly #deaths = new Map<number, number>();

  constructor(groups: readonly PictureGroup[]) {
    this.#groups = [...groups];
  }

  /** Groups that wait. */
  get size(): number {
    return this.#groups.length;
  }

  /** The next group; undefined where none waits. */
  take(): PictureGroup | undefined {
    return this.#groups.shift();
  }

  /**
   * Takes back what a dead worker has not answered, to be given to others. The first item is the one that it was busy
   * with, so it alone is suspected.
   *
   * @returns the items that are given up: a worker died of them for the third time
   */
  giveBack(left: readonly PictureGroup[]): NumberedItem[] {
    const [current, ...others] = left.filter(({ items }) => items.length > 0);
    if (current === undefined) return [];
    const [suspect, ...innocent] = current.items;
    if (suspect === undefined) return [];
    const deaths = (this.#deaths.get(suspect.index) ?? 0) + 1;
    this.#deaths.set(suspect.index, deaths);
    const givenUp = deaths > SECOND_CHANCES ? [suspect] : [];
    const items = givenUp.length > 0 ? innocent : current.items;
    if (items.length > 0) this.#groups.unshift({ image: current.image, items });
    this.#groups.unshift(...others);
    return givenUp;
  }
}
