/** A picture before it is padded, in pixels. */
export interface PictureSize {
  width: number;
  height: number;
}

/** A rectangle in pixels of the picture. */
export interface Box extends PictureSize {
  x: number;
  y: number;
}

/** What one layer chose for one row: indices 0..grid*grid-1, row by row. */
export interface LayerChoice {
  layer: number;
  rows: readonly number[];
}

/** One region that at least one layer chose. */
export interface ChosenRegion {
  index: number;
  /** The part of it that shows the picture and not its padding. */
  box: Box;
  /** The layers that chose it, in their order. */
  layers: number[];
}

/**
 * Where a region of the grid lies in the picture: the model sees the picture on a centred square, its offset rounded
 * down, or `stretched` to one, and the grid divides that square. Undefined where the region shows nothing but padding.
 */
export function regionBox(
  index: number,
  grid: number,
  { width, height }: PictureSize,
  stretched = false,
): Box | undefined {
  const longer = Math.max(width, height);
  const along = (place: number, size: number) => {
    const side = stretched ? size : longer;
    const offset = Math.floor((side - size) / 2);
    const at = (edge: number) => Math.min(size, Math.max(0, (edge * side) / grid - offset));
    return { from: at(place), to: at(place + 1) };
  };
  const x = along(index % grid, width);
  const y = along(Math.floor(index / grid), height);
  if (x.to <= x.from || y.to <= y.from) return undefined;
  return { x: x.from, y: y.from, width: x.to - x.from, height: y.to - y.from };
}

/** The regions that any layer chose, in the order of the grid, with the layers that chose each. */
export function chosenRegions(
  choices: readonly LayerChoice[],
  grid: number,
  picture: PictureSize,
  stretched = false,
): ChosenRegion[] {
  const layersOf = new Map<number, number[]>();
  for (const { layer, rows } of choices) {
    for (const index of rows) layersOf.set(index, [...(layersOf.get(index) ?? []), layer]);
  }
  return [...layersOf]
    .sort(([a], [b]) => a - b)
    .flatMap(([index, layers]) => {
      const box = regionBox(index, grid, picture, stretched);
      return box === undefined ? [] : [{ index, box, layers }];
    });
}
