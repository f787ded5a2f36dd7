/** What of the high resolution an answer's first step looked at. */
export interface SelectedWork {
  /** High-resolution tokens, the mean over the layers that select. */
  tokens: number;
  /** Tiles in which a selected token lies: the others are not encoded. */
  tiles: number;
}

/** Regions of a picture along one side. */
const GRID = 9;

/**
 * Counts tokens and tiles of selected regions.
 *
 * @param layers - the regions that each layer selected: 0 to 80, row by row
 * @param hd - high-resolution tokens along one side
 * @param zoom - tiles along one side
 */
export function selectedWork(layers: readonly (readonly number[])[], hd: number, zoom: number): SelectedWork {
  const places = Array.from({ length: GRID }, (): number[] => []);
  for (let place = 0; place < hd; place += 1) places[Math.floor((place * GRID) / hd)]?.push(place);
  const tiles = new Set<number>();
  let tokens = 0;
  for (const region of layers.flat()) {
    const [rows, columns] = [places[Math.floor(region / GRID)] ?? [], places[region % GRID] ?? []];
    tokens += rows.length * columns.length;
    const tileOf = (place: number) => Math.floor((place * zoom) / hd);
    for (const row of rows) for (const column of columns) tiles.add(tileOf(row) * zoom + tileOf(column));
  }
  return { tokens: layers.length === 0 ? 0 : tokens / layers.length, tiles: tiles.size };
}
