import type { IndexedPicture, Rgb } from './encode-image.js';
import type { Random } from './random.js';

/** The four plate colours a question can name. */
export const COLOURS = ['red', 'green', 'blue', 'yellow'] as const;
export type Colour = (typeof COLOURS)[number];

/** The four ways stripes can run; `rising` goes up to the right, `falling` down to the right. */
export const DIRECTIONS = ['horizontal', 'vertical', 'rising', 'falling'] as const;
export type Direction = (typeof DIRECTIONS)[number];

/** A rectangle in pixels, left top corner and size. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A striped rectangle of one colour. */
export interface Plate extends Box {
  readonly colour: Colour;
  readonly direction: Direction;
}

/** What a picture shows: two plates of different colours (grey boxes lie between them, nobody asks about those). */
export interface Scene {
  readonly picture: IndexedPicture;
  readonly plates: readonly [Plate, Plate];
}

/** How fine the stripes are, in pixels of the full picture. */
export interface Detail {
  /** Stripe periods to choose from; a third of a period is bright. */
  readonly periods: readonly number[];
  /** Smallest and largest side of a plate. */
  readonly side: readonly [number, number];
}

/**
 * Stripes of 3 px. The low-resolution input is the picture reduced three times through a triangle of
 * 6 px (weights 1 2 3 2 1), under which a period of exactly 3 px has no trace left.
 */
export const FINE: Detail = { periods: [3], side: [20, 38] };

/** Stripes that are as wide in the low-resolution input as the fine ones are in the full picture. */
export const COARSE: Detail = { periods: [9, 12], side: [27, 66] };

/** Longer side of every picture: the tiny model's `highres_size`. */
export const PICTURE_SIZE = 189;

/** Middle of the range from which each colour's shade is drawn. */
const SHADES: Readonly<Record<Colour, Rgb>> = {
  red: [200, 45, 45],
  green: [40, 150, 60],
  blue: [45, 75, 200],
  yellow: [215, 185, 40],
};

/** Least free space around a box, in pixels. */
const GAP = 4;

function jitter(random: Random, [r, g, b]: Rgb, by: number): Rgb {
  const shift = (value: number): number => Math.min(255, Math.max(0, value + random.between(-by, by)));
  return [shift(r), shift(g), shift(b)];
}

/** Mixes a colour with another, `percent` in 100 of the other. */
function mix([r, g, b]: Rgb, other: Rgb, percent: number): Rgb {
  const blend = (from: number, to: number): number =>
    Math.round((from * (100 - percent) + to * percent) / 100);
  return [blend(r, other[0]), blend(g, other[1]), blend(b, other[2])];
}

function overlaps(a: Box, b: Box): boolean {
  return (
    a.x < b.x + b.width + GAP &&
    b.x < a.x + a.width + GAP &&
    a.y < b.y + b.height + GAP &&
    b.y < a.y + a.height + GAP
  );
}

/** A free place for a box of this size, or undefined after 60 tries. */
function place(
  random: Random,
  canvas: Box,
  taken: readonly Box[],
  width: number,
  height: number,
): Box | undefined {
  for (let tries = 0; tries < 60; tries++) {
    const x = random.between(1, canvas.width - width - 1);
    const y = random.between(1, canvas.height - height - 1);
    const box = { x, y, width, height };
    if (!taken.some((other) => overlaps(box, other))) return box;
  }
  return undefined;
}

/** Distance across the stripes, in pixels along an axis. */
function across(direction: Direction, x: number, y: number): number {
  switch (direction) {
    case 'horizontal':
      return y;
    case 'vertical':
      return x;
    case 'rising':
      return x + y;
    case 'falling':
      return x - y;
  }
}

/** Square mostly; every third picture is wide or tall, so that padding has to be right. */
function canvasOf(random: Random): Box {
  const short = PICTURE_SIZE - 6 * random.between(3, 9);
  const shape = random.below(6);
  return {
    x: 0,
    y: 0,
    width: shape === 0 ? short : PICTURE_SIZE,
    height: shape === 1 ? short : PICTURE_SIZE,
  };
}

/** Two plates first (so they always find room), then boxes around them. */
function layOut(random: Random, canvas: Box, detail: Detail): { plates: [Box, Box]; boxes: Box[] } {
  for (;;) {
    const taken: Box[] = [];
    const add = (low: number, high: number): void => {
      const box = place(random, canvas, taken, random.between(low, high), random.between(low, high));
      if (box) taken.push(box);
    };
    add(...detail.side);
    add(...detail.side);
    const [first, second] = taken;
    if (!first || !second) continue;
    const count = random.between(3, 7);
    for (let i = 0; i < count; i++) add(10, 40);
    return { plates: [first, second], boxes: taken.slice(2) };
  }
}

/** Draws one picture: background, grey boxes, two striped plates. */
export function drawScene(random: Random, detail: Detail): Scene {
  const canvas = canvasOf(random);
  const { width, height } = canvas;
  const pixels = new Uint8Array(width * height);
  const ground = random.between(150, 235);
  const palette: Rgb[] = [jitter(random, [ground, ground, ground], 10)];
  const fill = (box: Box, indexAt: (x: number, y: number) => number): void => {
    for (let y = box.y; y < box.y + box.height; y++) {
      for (let x = box.x; x < box.x + box.width; x++) pixels[y * width + x] = indexAt(x, y);
    }
  };
  const { plates, boxes } = layOut(random, canvas, detail);
  for (const box of boxes) {
    const grey = random.between(30, 140);
    const index = palette.push(jitter(random, [grey, grey, grey], 8)) - 1;
    fill(box, () => index);
  }
  const colours = random.shuffle(COLOURS);
  const stripe = (box: Box, colour: Colour): Plate => {
    const direction = random.pick(DIRECTIONS);
    const period = random.pick(detail.periods);
    const phase = random.below(period);
    const shade = jitter(random, SHADES[colour], 25);
    const white = random.chance(50);
    const bright =
      palette.push(mix(shade, white ? [255, 255, 255] : [15, 15, 15], random.between(60, 90))) - 1;
    const base = palette.push(shade) - 1;
    const origin = phase + period * PICTURE_SIZE; // keeps the remainder of x - y from being negative
    fill(box, (x, y) => ((across(direction, x, y) + origin) % period < period / 3 ? bright : base));
    return { ...box, colour, direction };
  };
  const [first = 'red', second = 'green'] = colours;
  return {
    picture: { width, height, palette, pixels },
    plates: [stripe(plates[0], first), stripe(plates[1], second)],
  };
}
