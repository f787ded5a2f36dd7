import { dot, gridY, lineY, ruleX } from '@observablehq/plot';
import { drawing } from './drawing.js';
import { html, type Html } from './html.js';
import { markerKey } from './markers.js';
import { percent } from './numbers.js';
import { seriesOf } from './palette.js';

/** The score of one model at one point of a sweep. */
export interface AblationPoint {
  /** What is varied: a setting's name. */
  axis: string;
  value: number | string;
  model: string;
  benchmark: string;
  /** 0 to 1, with its 95 % interval. */
  score: number;
  low: number;
  high: number;
}

/**
 * A sweep as a chart for each axis and benchmark, a line a model with 95 % intervals: numbers on a scale, names as
 * columns in the order given. Goes into a page with the report's style sheet; `markup` is the text.
 */
export function ablationPlot(points: readonly AblationPoint[]): Html {
  const models = [...new Set(points.map(({ model }) => model))];
  const charts = groupsOf(points);
  return html`<p class="legend">${models.map((model, i) => html`<span>${markerKey(i)}${model}</span>`)}</p>
    <div class="plots">${charts.map((own) => ablationChart(own, models))}</div>`;
}

function ablationChart(points: readonly AblationPoint[], models: readonly string[]): Html {
  const [{ axis, benchmark } = { axis: '', benchmark: '' }] = points;
  const told = points.map(({ value, model, score }) => `${model} at ${value} ${percent(score)} %`).join(', ');
  const isScale = points.every(({ value }) => typeof value === 'number');
  const values = [...new Set(points.map(({ value }) => value))];
  return html`<figure>
    <figcaption>${benchmark} by ${axis}</figcaption>
    ${drawing(`${benchmark} by ${axis}: ${told}`, {
      width: 360,
      height: 220,
      marginLeft: 42,
      x: isScale
        ? { label: axis, ticks: values }
        : { type: 'point', domain: values, label: axis, tickSize: 0 },
      y: { domain: [0, 100], label: 'score, %', ticks: 5 },
      marks: [
        gridY({ ticks: 5 }),
        models.map((model, i) => ablationMarks(points, model, `series-${seriesOf(i)}`)),
      ],
    })}
  </figure>`;
}

function ablationMarks(points: readonly AblationPoint[], model: string, series: string) {
  const own = points
    .filter((one) => one.model === model)
    .map(({ value, score, low, high }) => ({ value, score: 100 * score, low: 100 * low, high: 100 * high }));
  return [
    ruleX(own, { x: 'value', y1: 'low', y2: 'high', className: `interval ${series}` }),
    lineY(own, { x: 'value', y: 'score', className: `curve ${series}` }),
    dot(own, { x: 'value', y: 'score', r: 4, className: `marker ${series}` }),
  ];
}

/** Points of the same axis and benchmark, in the order of the first of each. */
function groupsOf(points: readonly AblationPoint[]): AblationPoint[][] {
  const groups = new Map<string, AblationPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.axis, point.benchmark]);
    groups.set(key, [...(groups.get(key) ?? []), point]);
  }
  return [...groups.values()];
}
