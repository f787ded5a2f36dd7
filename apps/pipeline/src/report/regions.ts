/** What one layer chose for one row: indices 0..grid*grid-1, row by row. */
export interface LayerChoice {
  layer: number;
  rows: readonly number[];
}

/** What a model chose to see in high resolution for one item, small enough for a page. */
export interface PackedRegions {
  /** The layers that choose, in order. */
  layers: number[];
  /** For each token of the answer (or the first of each option) one string a layer: `packBits` of its regions. */
  steps: string[][];
}

/** Regions as the runtime wrote them. */
export interface Regions {
  /** Regions a side. */
  grid: number;
  /** High-res tokens a side. */
  hd: number;
  steps: readonly (readonly LayerChoice[])[];
}

/** A bit for each place, the lowest of a byte first, in base64 without padding; empty where there is none. */
export function packBits(places: readonly number[], count: number): string {
  if (places.length === 0) return '';
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const place of places) bytes[place >> 3] = (bytes[place >> 3] ?? 0) | (1 << (place & 7));
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}

/** The choices of an item, packed; null where no layer chose at any step. */
export function packRegions({ grid, steps }: Regions): PackedRegions | null {
  const layers = [...new Set(steps.flat().map(({ layer }) => layer))].sort((a, b) => a - b);
  if (layers.length === 0) return null;
  const chosen = (step: readonly LayerChoice[], layer: number) =>
    step.find((one) => one.layer === layer)?.rows ?? [];
  return {
    layers,
    steps: steps.map((step) => layers.map((layer) => packBits(chosen(step, layer), grid * grid))),
  };
}

/**
 * Where the regions begin and end along a side of the square that a model sees, 0 to 1: a region holds whole high-res
 * tokens, so they are not quite equal where the grid does not divide the tokens.
 */
export function regionEdges({ grid, hd }: Pick<Regions, 'grid' | 'hd'>): number[] {
  return Array.from({ length: grid + 1 }, (_, place) => Math.ceil((place * hd) / grid) / hd);
}
