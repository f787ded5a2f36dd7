import type { Box, PictureSize } from './boxes.js';

/** Where the parts of a drawing lie, in its pixels. */
export interface Layout {
  width: number;
  height: number;
  /** First line of text; its baseline. */
  title: { x: number; y: number };
  /** The picture with what all layers chose. */
  main: Box;
  /** Top of the legend's row. */
  legend: { x: number; y: number };
  /** The picture once for every selecting layer. */
  strip: Box[];
}

/** Pixels between the parts, of a line of text, and of a thumbnail's longer side. */
const GAP = 12;
const LINE = 24;
const THUMBNAIL = 128;
/** The legend needs this much. */
const LEAST_WIDTH = 500;

/**
 * Lays out one drawing: a line of text, the picture, a legend, and a strip of small pictures in rows.
 *
 * @param side - the longer side of the main picture, pixels
 * @param layers - how many layers select
 */
export function layOut(picture: PictureSize, side: number, layers: number): Layout {
  const main = fitted(picture, side, GAP, GAP + LINE);
  const inner = Math.max(main.width, LEAST_WIDTH);
  const small = fitted(picture, THUMBNAIL, 0, 0);
  const columns = Math.max(1, Math.floor((inner + GAP) / (small.width + GAP)));
  const legend = { x: GAP, y: main.y + main.height + GAP };
  const top = legend.y + LINE + GAP;
  const strip = Array.from({ length: layers }, (_, index) => ({
    ...small,
    x: GAP + (index % columns) * (small.width + GAP),
    y: top + LINE + Math.floor(index / columns) * (small.height + LINE + GAP),
  }));
  const last = strip.at(-1);
  const height = (last === undefined ? legend.y + LINE : last.y + last.height) + GAP;
  return { width: inner + 2 * GAP, height, title: { x: GAP, y: GAP + LINE / 2 }, main, legend, strip };
}

/** A picture's place at x, y with `side` pixels on its longer side. */
function fitted({ width, height }: PictureSize, side: number, x: number, y: number): Box {
  const scale = side / Math.max(width, height);
  const scaled = (size: number) => Math.max(1, Math.round(size * scale));
  return { x, y, width: scaled(width), height: scaled(height) };
}
