import { areaY, gridY, lineY } from '@observablehq/plot';
import { drawing } from './drawing.js';
import type { Html } from './html.js';
import { seriesOf } from './palette.js';

/** What was measured after one step of the training. */
export interface LossPoint {
  step: number;
  loss: number;
  /** Of the high-resolution regions that could be selected, those that were; 0 to 1. */
  selectedShare?: number | undefined;
}

/** A trained model's losses, by step. */
export interface LossCurve {
  model: string;
  /** Of the model in the run: decides the colour. */
  position: number;
  points: readonly LossPoint[];
}

/** Neighbouring steps drawn as one place: their mean, least and greatest value. */
export interface Bucket {
  step: number;
  mean: number;
  low: number;
  high: number;
}

/** Places drawn along a curve: enough for its shape, few enough for its noise to be a band and not a scribble. */
const BUCKETS = 100;

/** Neighbouring points joined, at most `count` places of nearly equally many. */
export function bucketsOf(points: readonly { step: number; value: number }[], count = BUCKETS): Bucket[] {
  const buckets = Math.min(count, points.length);
  return Array.from({ length: buckets }, (_, i) => {
    const own = points.slice(
      Math.floor((i * points.length) / buckets),
      Math.floor(((i + 1) * points.length) / buckets),
    );
    const values = own.map(({ value }) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / own.length;
    const step = own.reduce((sum, one) => sum + one.step, 0) / own.length;
    return { step, mean, low: Math.min(...values), high: Math.max(...values) };
  });
}

/** One line a model: the mean loss of neighbouring steps, and a band from their least to their greatest. */
export function lossPlot(curves: readonly LossCurve[]): Html {
  const names = curves.map(({ model }) => model).join(', ');
  return stepPlot(
    `Training loss by step: ${names}; the table below gives the figures`,
    'loss, mean over the answer tokens of a batch',
    curves.map((curve) => ({
      ...curve,
      points: curve.points.map(({ step, loss }) => ({ step, value: loss })),
    })),
  );
}

/** Share of the regions that were selected while training, in percent; null where no model tells it. */
export function selectedPlot(curves: readonly LossCurve[]): Html | null {
  const drawn = curves
    .map((curve) => ({
      ...curve,
      points: curve.points.flatMap(({ step, selectedShare }) =>
        selectedShare === undefined ? [] : [{ step, value: 100 * selectedShare }],
      ),
    }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return null;
  const names = drawn.map(({ model }) => model).join(', ');
  return stepPlot(
    `Share of high-resolution regions selected by training step: ${names}`,
    'selected of the regions, %',
    drawn,
  );
}

interface StepCurve {
  position: number;
  points: readonly { step: number; value: number }[];
}

function stepPlot(label: string, title: string, curves: readonly StepCurve[]): Html {
  const drawn = curves.map(({ position, points }) => ({
    series: `series-${seriesOf(position)}`,
    buckets: bucketsOf(points),
  }));
  return drawing(label, {
    width: 560,
    height: 240,
    marginLeft: 46,
    x: { label: 'step', ticks: 6 },
    y: { label: title, zero: true, ticks: 5, nice: true },
    marks: [
      gridY({ ticks: 5 }),
      drawn.map(({ series, buckets }) =>
        areaY(buckets, { x: 'step', y1: 'low', y2: 'high', className: `band ${series}` }),
      ),
      drawn.map(({ series, buckets }) =>
        lineY(buckets, { x: 'step', y: 'mean', className: `curve ${series}` }),
      ),
    ],
  });
}
