/** Corners of a box, left, top, right, bottom; as shares of the picture's width and height where a model says them. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

const NUMBER = '([+-]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][+-]?\\d{1,4})?)';
const FOUR = `\\s*${NUMBER}\\s*,\\s*${NUMBER}\\s*,\\s*${NUMBER}\\s*,\\s*${NUMBER}\\s*`;
const BRACKETED = new RegExp(`^\\[${FOUR}\\]|^\\(${FOUR}\\)`);
const BARE = new RegExp(`^${FOUR}\\.?$`);
/** Where a box begins: a bracket before a number or before anything that should be one. */
const OPENING = /[[(](?![[(])/;

/**
 * The box that an answer names: the first bracket, "[x1, y1, x2, y2]" or "(...)", in any text, or four numbers alone.
 * Numbers are read by a grammar, never evaluated. Null where there is none, where the first bracket holds anything else
 * than four numbers, and where one of them is not finite (1e309).
 */
export function parseBox(text: string): Box | null {
  const opening = OPENING.exec(text);
  const found = opening === null ? BARE.exec(text) : BRACKETED.exec(text.slice(opening.index));
  const [x1, y1, x2, y2] = (found ?? [])
    .slice(1)
    .filter((part) => part !== undefined)
    .map(Number);
  if (x1 === undefined || y1 === undefined || x2 === undefined || y2 === undefined) return null;
  return [x1, y1, x2, y2].every(Number.isFinite) ? [x1, y1, x2, y2] : null;
}

/** Whether an answer begins a box at all, readable or not. */
export function namesBox(text: string): boolean {
  return OPENING.test(text);
}

/** Area of the intersection by that of the union, 0 to 1; a box whose corners are in the wrong order has no area. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  return both / (areaOf(a) + areaOf(b) - both);
}

/** Width by height; 0 where the corners are in the wrong order. */
export function areaOf([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}
