import { GRID, regionOfPlace } from './regions.js';

/** Where the high-res tokens lie when their tiles stand one behind the other, as the vision tower gives them. */
export interface TileOrder {
  /** Token (hd x hd, raster order) at every place, [N]. */
  tokens: Int32Array;
  /** Region, 0 to 80, of the token at every place, [N]. */
  regions: Int32Array;
}

/**
 * @param size - low-res tokens per side, which is a tile's too
 * @param zoom - tiles per side
 */
export function tileOrder(size: number, zoom: number): TileOrder {
  const hd = size * zoom;
  const region = regionOfPlace(hd);
  const tokens = new Int32Array(hd ** 2);
  const regions = new Int32Array(hd ** 2);
  for (let place = 0; place < hd ** 2; place++) {
    const [tile, row] = [Math.floor(place / size ** 2), place % size ** 2];
    const y = Math.floor(tile / zoom) * size + Math.floor(row / size);
    const x = (tile % zoom) * size + (row % size);
    tokens[place] = y * hd + x;
    regions[place] = (region[y] ?? 0) * GRID + (region[x] ?? 0);
  }
  return { tokens, regions };
}
