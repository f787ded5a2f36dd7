/// <reference lib="dom" />
// Of the drawing library, whose types speak of the browser: nothing here runs in one.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { seriesOf } from './report/palette.js';

/** A model's score on one benchmark where a swept setting has one value. */
export interface AblationPoint {
  /** The setting. */
  axis: string;
  value: string | number;
  model: string;
  benchmark: string;
  /** 0 to 1, as are the ends of its 95 % interval. */
  score: number;
  low: number;
  high: number;
}

/** Pixels of a benchmark's field, and of what stands left of the first. */
const FIELD_WIDTH = 176;
const LEFT = 40;
const HEIGHT = 212;
/** Pixels between the intervals of two models, which else would cover each other. */
const BESIDE = 7;
/** A longer title would run into the next field; the tables show it whole. */
const MAX_TITLE = 28;
/** Shapes of the models, for those who do not see their colours apart. */
const SYMBOLS = ['circle', 'square', 'diamond'] as const;

/** The size of the drawing of `sweepPlot`, pixels. */
export function sweepPlotSize(points: readonly AblationPoint[]): { width: number; height: number } {
  return { width: LEFT + FIELD_WIDTH * distinct(points, 'benchmark').length, height: HEIGHT };
}

/**
 * Score against the values of one setting as an SVG document: a field for each benchmark, a line with 95 % intervals for
 * each model. Lines and text take `currentColor`, the models `--series-0`, `--series-1`, … of the page around it.
 */
export function sweepPlot(points: readonly AblationPoint[]): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const models = distinct(points, 'model');
  const svg = Plot.plot({
    document,
    ...sweepPlotSize(points),
    className: 'ablation',
    marginLeft: LEFT,
    marginBottom: 38,
    x: {
      type: 'point',
      domain: distinct(points, 'value'),
      label: points[0]?.axis ?? null,
      tickFormat: (value) => shortened(String(value)),
      padding: 0.6,
    },
    fx: { domain: distinct(points, 'benchmark'), label: null, tickFormat: shortened },
    y: { domain: [0, 100], ticks: 5, grid: true, label: 'score, %' },
    marks: models.flatMap((model, position) =>
      marksOf(points.filter((point) => point.model === model).map(inPercent), {
        stroke: `var(--series-${seriesOf(position)})`,
        symbol: SYMBOLS[position % SYMBOLS.length] ?? 'circle',
        dx: BESIDE * (position - (models.length - 1) / 2),
      }),
    ),
  });
  // A style sheet of the drawing's own: a page that allows only its own text would refuse it.
  svg.querySelector('style')?.remove();
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `Score by ${points[0]?.axis ?? 'setting'}; the table gives the figures`);
  return svg.outerHTML;
}

interface Style {
  stroke: string;
  symbol: (typeof SYMBOLS)[number];
  dx: number;
}

function marksOf(points: readonly AblationPoint[], { symbol, ...style }: Style) {
  const places = { ...style, x: 'value', fx: 'benchmark' } as const;
  return [
    Plot.ruleX(points, { ...places, y1: 'low', y2: 'high', strokeWidth: 1.5 }),
    Plot.line(points, { ...places, y: 'score', strokeOpacity: 0.6 }),
    Plot.dot(points, { ...places, y: 'score', fill: style.stroke, symbol, r: 3, title: titleOf }),
  ];
}

function titleOf({ model, axis, value, score, low, high }: AblationPoint): string {
  return `${model}, ${axis} ${value}: ${score.toFixed(1)} (${low.toFixed(1)} to ${high.toFixed(1)})`;
}

function inPercent(point: AblationPoint): AblationPoint {
  return { ...point, score: 100 * point.score, low: 100 * point.low, high: 100 * point.high };
}

/** What a property has in the points, in order of appearance. */
export function distinct<K extends keyof AblationPoint>(
  points: readonly AblationPoint[],
  key: K,
): AblationPoint[K][] {
  return [...new Set(points.map((point) => point[key]))];
}

function shortened(title: string): string {
  return title.length > MAX_TITLE ? `${title.slice(0, MAX_TITLE - 1)}…` : title;
}
