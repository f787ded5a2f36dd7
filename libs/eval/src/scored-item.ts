import type { Item } from './item.js';
import type { Extraction } from './metric.js';

/** An item with what one model made of it. `scores` is null where there was an error: such an item is not in any mean. */
export interface ScoredItem {
  item: Item;
  /** The model's text, or null where it gave losses or an error. */
  text: string | null;
  losses: readonly number[] | null;
  /** Whether the answer ended at the limit of new tokens. */
  cut: boolean;
  extraction: Extraction | null;
  /** One number for each metric, in its order. */
  scores: readonly number[] | null;
  error: { code: string; message: string } | null;
}
