import { dot, gridX, ruleX, ruleY, text } from '@observablehq/plot';
import { drawing, shortName } from './drawing.js';
import type { Html } from './html.js';
import { percent } from './numbers.js';
import { seriesOf } from './palette.js';

/** A model's score on one task. */
export interface IntervalRow {
  model: string;
  /** Of the model in the run: decides colour and shape. */
  position: number;
  /** 0 to 1. */
  score: number;
  interval95: readonly [low: number, high: number] | null;
}

export interface IntervalPlot {
  title: string;
  rows: readonly IntervalRow[];
  /** Score of guessing, 0 to 1; undefined where it is not known. */
  chance?: number | undefined;
}

/** The shapes of `marker`, in its order. */
const SHAPES = ['circle', 'square', 'diamond'] as const;
/** Characters that fit left of the plot. */
const MAX_NAME = 14;

/** Dots with 95 % intervals on a scale from 0 to 100 %, a row for each model, and a line where guessing lies. */
export function intervalPlot({ title, rows, chance }: IntervalPlot): Html {
  const summary = rows.map(({ model, score }) => `${model} ${percent(score)} %`).join(', ');
  const guessing = chance === undefined ? '' : `; guessing gets ${percent(chance)} %`;
  return drawing(`${title}: ${summary}${guessing}`, {
    width: 300,
    height: 44 + 26 * rows.length,
    marginLeft: 92,
    marginRight: 16,
    marginTop: 20,
    x: {
      domain: [0, 100],
      label: null,
      ticks: [0, 25, 50, 75, 100],
      tickFormat: (x: number) => `${x}${x === 100 ? ' %' : ''}`,
    },
    y: {
      type: 'point',
      domain: rows.map(({ model }) => model),
      label: null,
      tickSize: 0,
      tickFormat: (model: string) => shortName(model, MAX_NAME),
    },
    marks: [
      gridX([0, 25, 50, 75, 100]),
      chance === undefined ? null : chanceMarks(100 * chance),
      rows.map(({ model, position, score, interval95 }) => {
        const [low, high] = interval95 ?? [score, score];
        const series = `series-${seriesOf(position)}`;
        return [
          ruleY([model], { x1: 100 * low, x2: 100 * high, className: `interval ${series}` }),
          dot([model], {
            x: 100 * score,
            y: [model],
            r: 5,
            symbol: SHAPES[position % 3] ?? 'circle',
            className: `marker ${series}`,
          }),
        ];
      }),
    ],
  });
}

function chanceMarks(chance: number) {
  return [
    ruleX([chance], { className: 'chance' }),
    text([chance], {
      x: [chance],
      frameAnchor: 'top',
      dy: -12,
      text: [`chance ${chance.toFixed(1)} %`],
      className: 'tick',
    }),
  ];
}
