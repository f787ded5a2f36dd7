import { html, type Html } from './html.js';
import { coordinate, grouped } from './numbers.js';
import { seriesOf } from './palette.js';
import { scaleTo } from './ticks.js';

/** The training loss after one step. */
export interface LossPoint {
  step: number;
  loss: number;
}

/** A trained model's losses, by step. */
export interface LossCurve {
  model: string;
  /** Of the model in the run: decides the colour. */
  position: number;
  points: readonly LossPoint[];
}

/** Neighbouring steps drawn as one place: their mean, least and greatest loss. */
export interface LossBucket {
  step: number;
  mean: number;
  low: number;
  high: number;
}

const WIDTH = 720;
const HEIGHT = 280;
const LEFT = 46;
const RIGHT = 16;
const TOP = 14;
const BOTTOM = 40;
/** Places drawn along a curve: enough for its shape, few enough for its noise to be a band and not a scribble. */
const BUCKETS = 100;

/** Neighbouring points joined, at most `count` places of nearly equally many. */
export function bucketsOf(points: readonly LossPoint[], count = BUCKETS): LossBucket[] {
  const buckets = Math.min(count, points.length);
  return Array.from({ length: buckets }, (_, i) => {
    const own = points.slice(
      Math.floor((i * points.length) / buckets),
      Math.floor(((i + 1) * points.length) / buckets),
    );
    const losses = own.map(({ loss }) => loss);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / own.length;
    const step = own.reduce((sum, one) => sum + one.step, 0) / own.length;
    return { step, mean, low: Math.min(...losses), high: Math.max(...losses) };
  });
}

/** One line a model: the mean loss of neighbouring steps, and a band from their least to their greatest. */
export function lossPlot(curves: readonly LossCurve[]): Html {
  const drawn = curves.map(({ position, points }) => ({ position, buckets: bucketsOf(points) }));
  const steps = scaleTo(Math.max(0, ...curves.map(({ points }) => points.at(-1)?.step ?? 0)), 8);
  const losses = scaleTo(Math.max(0, ...drawn.flatMap(({ buckets }) => buckets.map(({ high }) => high))), 5);
  const x = (step: number) => coordinate(LEFT + (step / steps.end) * (WIDTH - LEFT - RIGHT));
  const y = (loss: number) => coordinate(HEIGHT - BOTTOM - (loss / losses.end) * (HEIGHT - TOP - BOTTOM));
  const names = curves.map(({ model }) => model).join(', ');
  return html`<svg
    class="plot wide"
    viewBox="0 0 ${WIDTH} ${HEIGHT}"
    role="img"
    aria-label="Training loss by step: ${names}; the table below gives the figures"
  >
    ${losses.ticks.map((loss) => html`<path class="grid" d="M${LEFT} ${y(loss)}H${WIDTH - RIGHT}" /><text class="tick" x="${LEFT - 8}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`)}
    ${steps.ticks.map((step) => html`<text class="tick" x="${x(step)}" y="${HEIGHT - BOTTOM + 17}" text-anchor="middle">${grouped(step)}</text>`)}
    <text class="tick" x="${WIDTH - RIGHT}" y="${HEIGHT - 6}" text-anchor="end">step</text>
    <text class="tick" x="${LEFT}" y="${HEIGHT - 6}">loss, mean over the answer tokens of a batch</text>
    ${drawn.map(({ position, buckets }) => html`<path class="band series-${seriesOf(position)}" d="${bandOf(buckets, x, y)}" />`)}
    ${drawn.map(({ position, buckets }) => html`<path class="curve series-${seriesOf(position)}" d="${lineOf(buckets.map(({ step, mean }) => [x(step), y(mean)]))}" />`)}
  </svg>`;
}

type Scale = (value: number) => number;

function bandOf(buckets: readonly LossBucket[], x: Scale, y: Scale): string {
  const above = buckets.map(({ step, high }): [number, number] => [x(step), y(high)]);
  const below = buckets.map(({ step, low }): [number, number] => [x(step), y(low)]);
  return `${lineOf([...above, ...below.reverse()])}Z`;
}

function lineOf(points: readonly (readonly [number, number])[]): string {
  return `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`;
}
