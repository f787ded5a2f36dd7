/** Regions of the selection grid per side: the unit of choice (SPEC section 4, step 4). */
export const GRID = 9;

/** What one selecting layer chose for one row: indices 0..80 of the 9 x 9 grid, row by row. */
export interface LayerRegions {
  layer: number;
  rows: number[];
}

/** Regions chosen at every step: one per answer token (or one per option's first token when scoring). */
export interface Regions {
  grid: 9;
  /** High-res tokens per side, which tells where in the picture the regions lie. */
  hd: number;
  steps: LayerRegions[][];
}

/** Index of the region that each of `count` places along one side belongs to (nearest neighbour). */
export function regionOfPlace(count: number): number[] {
  return Array.from({ length: count }, (_, place) => Math.floor((place * GRID) / count));
}

/** Where the high-res tokens lie when they are ordered by region. */
export interface RegionLayout {
  /** P: places per region, as many as the largest region has tokens. */
  perRegion: number;
  /** Token (hd x hd, raster order) at every place of every region, [81 * P]; -1 where a region has fewer tokens. */
  tokens: Int32Array;
}

/** The layout of hd x hd tokens: regions 0..80, in each its tokens row by row, then the empty places. */
export function regionLayout(hd: number): RegionLayout {
  const region = regionOfPlace(hd);
  const places = Array.from({ length: GRID }, (_, index) =>
    region.flatMap((owner, place) => (owner === index ? [place] : [])),
  );
  const perRegion = Math.max(...places.map(({ length }) => length)) ** 2;
  const tokens = new Int32Array(GRID ** 2 * perRegion).fill(-1);
  for (const [y, rows] of places.entries()) {
    for (const [x, columns] of places.entries()) {
      const own = rows.flatMap((row) => columns.map((column) => row * hd + column));
      tokens.set(own, (y * GRID + x) * perRegion);
    }
  }
  return { perRegion, tokens };
}

/** [size, 9] of 0 and 1: which regions of one side adaptive max pooling puts each place in. */
export function poolingMatrix(size: number): number[] {
  const matrix = new Array<number>(GRID * size).fill(0);
  for (let region = 0; region < GRID; region++) {
    const begin = Math.floor((region * size) / GRID);
    const end = Math.ceil(((region + 1) * size) / GRID);
    for (let place = begin; place < end; place++) matrix[place * GRID + region] = 1;
  }
  return matrix;
}

/**
 * 1 where a low-res token may be selected for, 0 in the rows or columns that pad the picture to a square.
 *
 * @param size - tokens per side
 * @param width - of the picture before padding, pixels
 * @param height - the same
 * @returns [size * size]
 */
export function paddingKeepMask(size: number, width: number, height: number): Float32Array {
  const difference = Math.floor(Math.abs(width - height) / 2);
  const margin = Math.trunc((difference / Math.max(width, height)) * size);
  const keep = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const along = width > height ? y : x;
      if (along >= margin && along < size - margin) keep[y * size + x] = 1;
    }
  }
  return keep;
}

/** Indices of the set entries: the chosen regions of one row of 81 flags. */
export function chosenRegions(flags: Uint8Array | Float32Array): number[] {
  const chosen: number[] = [];
  for (const [index, flag] of flags.entries()) if (flag !== 0) chosen.push(index);
  return chosen;
}

/** The high-res tokens (hd x hd, raster order) that lie in the given regions, ascending. */
export function tokensOfRegions(regions: readonly number[], hd: number): number[] {
  const chosen = new Set(regions);
  const region = regionOfPlace(hd);
  const tokens: number[] = [];
  for (const [y, row] of region.entries()) {
    for (const [x, column] of region.entries()) {
      if (chosen.has(row * GRID + column)) tokens.push(y * hd + x);
    }
  }
  return tokens;
}
