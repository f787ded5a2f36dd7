import { html, type Html } from './html.js';
import { marker } from './markers.js';
import { coordinate, percent } from './numbers.js';
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

const WIDTH = 300;
const LEFT = 84;
const RIGHT = 14;
const TOP = 22;
const ROW = 26;
/** A longer name would run into the plot; the tables show it whole. */
const MAX_NAME = 11;

/** Dots with 95 % intervals on a scale from 0 to 100 %, a row for each model, and a line where guessing lies. */
export function intervalPlot({ title, rows, chance }: IntervalPlot): Html {
  const bottom = TOP + ROW * rows.length;
  const summary = rows.map(({ model, score }) => `${model} ${percent(score)} %`).join(', ');
  const guessing = chance === undefined ? '' : `; guessing gets ${percent(chance)} %`;
  return html`<svg
    class="plot"
    viewBox="0 0 ${WIDTH} ${bottom + 22}"
    role="img"
    aria-label="${title}: ${summary}${guessing}"
  >
    ${[0, 0.25, 0.5, 0.75, 1].map((share) => gridLine(share, bottom))}
    ${chance === undefined ? '' : chanceLine(chance, bottom)}
    ${rows.map((row, i) => intervalRow(row, TOP + ROW * (i + 0.5)))}
  </svg>`;
}

/** The horizontal place of a share. */
function placeOf(share: number): number {
  return coordinate(LEFT + share * (WIDTH - LEFT - RIGHT));
}

function gridLine(share: number, bottom: number): Html {
  const x = placeOf(share);
  return html`<path class="grid" d="M${x} ${TOP}V${bottom}" /><text
      class="tick"
      x="${x}"
      y="${bottom + 15}"
      text-anchor="middle"
      >${100 * share}${share === 1 && ' %'}</text
    >`;
}

function chanceLine(chance: number, bottom: number): Html {
  const x = placeOf(chance);
  return html`<path class="chance" d="M${x} ${TOP - 6}V${bottom}" /><text
      class="tick"
      x="${x}"
      y="${TOP - 9}"
      text-anchor="middle"
      >chance ${percent(chance)} %</text
    >`;
}

function intervalRow({ model, position, score, interval95 }: IntervalRow, y: number): Html {
  const series = `series-${seriesOf(position)}`;
  const [low, high] = interval95 ?? [score, score];
  const name = model.length > MAX_NAME ? `${model.slice(0, MAX_NAME - 1)}…` : model;
  return html`<text class="label" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${name}</text
    ><path
      class="interval ${series}"
      d="M${placeOf(low)} ${y}H${placeOf(high)}"
    />${marker(position, placeOf(score), y)} `;
}
