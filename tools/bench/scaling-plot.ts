/// <reference lib="dom" />
// Of the drawing library, whose types speak of the browser: nothing here runs in one.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** One measured size of one curve. */
export interface CurvePoint {
  curve: string;
  size: string;
  /** Median, and the span of the repetitions. */
  value: number;
  low: number;
  high: number;
}

/** What a drawing shows. */
export interface Curves {
  /** For those who do not see it. */
  title: string;
  sizes: string;
  values: string;
  /** Equal distances are equal ratios. */
  isLogarithmic?: boolean;
  points: readonly CurvePoint[];
}

/** Told apart by people who do not see red and green alike (after Okabe and Ito). */
const COLOURS = ['#b34700', '#0062a8', '#00735a', '#8f3d78', '#6a717d', '#7a6000'];
const INK = '#1a1d21';
const [WIDTH, HEIGHT] = [520, 300];
/** Pixels right of the last point for the names of the curves. */
const NAMES = 150;

/** Curves through medians with their span, as an SVG file that stands for itself on a light ground; same input, same bytes. */
export function curvesPicture({ title, sizes, values, isLogarithmic = false, points }: Curves): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const curves = [...new Set(points.map(({ curve }) => curve))];
  const domain = [...new Set(points.map(({ size }) => size))];
  const places = { x: 'size', stroke: 'curve' } as const;
  const ends = points.filter(({ size }) => size === domain.at(-1));
  const svg = Plot.plot({
    document,
    ...{ width: WIDTH, height: HEIGHT, marginLeft: 62, marginRight: NAMES, marginBottom: 40 },
    style: { background: '#ffffff', color: INK, fontSize: '12px' },
    x: { type: 'point', domain, label: sizes, padding: 0.3 },
    y: {
      ...{ label: values, grid: true, ticks: 6, nice: true },
      ...(isLogarithmic ? { type: 'log' as const, tickFormat: '~g' } : { zero: true }),
    },
    color: { domain: curves, range: curves.map((_, i) => COLOURS[i % COLOURS.length] ?? INK) },
    marks: [
      Plot.line(points, { ...places, y: 'value' }),
      Plot.ruleX(points, { ...places, y1: 'low', y2: 'high', strokeWidth: 2 }),
      Plot.dot(points, { ...places, y: 'value', fill: 'curve', r: 3 }),
      Plot.text(ends, { x: 'size', y: 'value', text: 'curve', fill: 'curve', dx: 10, textAnchor: 'start' }),
    ],
  });
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  return `${svg.outerHTML}\n`;
}
