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

/** What other parts of the same run do, where they can be seen. */
export interface SharedWork {
  /** Looks at what they do now. */
  look(): void;
  /** Whether one of them has answered this item, or is about to. */
  has(index: number): boolean;
  /** A group of another part that nobody has taken. */
  next(): PictureGroup | undefined;
  /** Tells them that these items are about to be answered here. */
  took(items: readonly NumberedItem[]): void;
}

/** Groups that wait for a worker; when they are gone, those of other parts. */
export class WorkQueue {
  readonly #groups: PictureGroup[];
  readonly #shared: SharedWork | undefined;
  readonly #deaths = new Map<number, number>();

  constructor(groups: readonly PictureGroup[], shared?: SharedWork) {
    this.#groups = [...groups];
    this.#shared = shared;
  }

  /** Groups of this part that wait. */
  get size(): number {
    return this.#groups.length;
  }

  /** Whether there is nothing to take, here or elsewhere. */
  isEmpty(): boolean {
    this.#shared?.look();
    return this.size === 0 && this.#shared?.next() === undefined;
  }

  /** The next group, without what other parts have taken of it; undefined where none waits. */
  take(): PictureGroup | undefined {
    this.#shared?.look();
    for (;;) {
      const group = this.#groups.shift() ?? this.#shared?.next();
      if (group === undefined) return undefined;
      const items = group.items.filter(({ index }) => this.#shared?.has(index) !== true);
      if (items.length === 0) continue;
      this.#shared?.took(items);
      return { ...group, items };
    }
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
