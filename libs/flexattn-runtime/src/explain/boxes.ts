import { GRID } from '../regions.js';

/** Sides of a picture in pixels, before it is padded to a square. */
export interface PictureSize {
  width: number;
  height: number;
}

/** A rectangle in whole pixels of the picture. */
export interface Box extends PictureSize {
  x: number;
  y: number;
}

/**
 * Where a region of the selection grid lies in the picture. The model sees the picture on a centred square (SPEC
 * section 2) that hd x hd high-res tokens divide, and a region has the tokens that nearest-neighbour enlargement gives
 * it (section 4), so where 9 does not divide hd the regions are not of one size.
 *
 * @param index - 0..80, row by row
 * @param hd - high-res tokens per side
 * @param stretched - whether the picture was stretched to the square instead, each axis on its own
 * @returns the part that shows the picture, or null where the region shows nothing but padding
 */
export function regionBox(
  index: number,
  hd: number,
  { width, height }: PictureSize,
  stretched = false,
): Box | null {
  const along = (region: number, size: number) => {
    const side = stretched ? size : Math.max(width, height);
    const offset = Math.floor((side - size) / 2);
    const edge = (place: number) => {
      const token = Math.ceil((place * hd) / GRID);
      return Math.min(size, Math.max(0, Math.round((token * side) / hd) - offset));
    };
    const from = edge(region);
    return { from, size: edge(region + 1) - from };
  };
  const x = along(index % GRID, width);
  const y = along(Math.floor(index / GRID), height);
  if (x.size === 0 || y.size === 0) return null;
  return { x: x.from, y: y.from, width: x.size, height: y.size };
}
