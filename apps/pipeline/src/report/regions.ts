import { regionBox, type Box, type PictureSize } from '@flexattn/flexattn-runtime';

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
 * The regions that any layer chose, in the order of the grid, with the layers that chose each.
 *
 * @param hd - high-res tokens per side
 */
export function chosenRegions(
  choices: readonly LayerChoice[],
  hd: number,
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
      const box = regionBox(index, hd, picture, stretched);
      return box === null ? [] : [{ index, box, layers }];
    });
}
