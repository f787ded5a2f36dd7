import { htmlDocument } from './report/html-document.js';
import { html, trusted, type Html } from './report/html.js';
import { marker, markerKey } from './report/markers.js';
import { grouped, percent } from './report/numbers.js';
import { GROUND, SERIES } from './report/palette.js';
import { STYLE } from './report/style.js';
import { sweepPlot, sweepPlotSize, distinct, type AblationPoint } from './sweep-plot.js';
import type { SweepPoint } from './sweep-points.js';
import type { SweepRow } from './sweep-rows.js';

/** All that is told of a sweep. */
export interface SweepContent {
  /** Name of the run that was varied. */
  run: string;
  points: readonly SweepPoint[];
  rows: readonly SweepRow[];
  /** By axis. */
  plots: ReadonlyMap<string, readonly AblationPoint[]>;
}

const SWEEP_STYLE = `${STYLE}
:root { ${SERIES.map(({ light, dark }, i) => `--series-${i}: light-dark(${light}, ${dark});`).join(' ')} }
.ablation text { fill: currentColor; font: 11px system-ui, sans-serif; white-space: pre; }
`;

/** The sweep as one HTML document without a script: plots by axis, then every score with n and interval. */
export function sweepPage({ run, points, rows, plots }: SweepContent): string {
  const title = `FlexAttention sweep “${run}”`;
  return htmlDocument({
    title,
    header: html`<p>
      ${points.length} configurations. Scores in percent with 95 % intervals, which tell how far the choice of
      questions can mislead, not how far another seed of the training would.
    </p>`,
    main: html`${[...plots].map(([axis, drawn]) => plotSection(axis, drawn))}
      <section aria-labelledby="scores">
        <h2 id="scores">Scores</h2>
        ${points.map((point) => pointTable(point, rows))}
      </section>`,
    style: SWEEP_STYLE,
    script: null,
    pictures: 'data:',
  });
}

function plotSection(axis: string, drawn: readonly AblationPoint[]): Html {
  return html`<section>
    <h2>By <code>${axis}</code></h2>
    <p class="legend">
      ${distinct(drawn, 'model').map((model, position) => html`<span>${markerKey(position)}${model}</span> `)}
    </p>
    <div class="scroll">${trusted(sweepPlot(drawn))}</div>
  </section> `;
}

/** A line for each benchmark, a column for each model. */
function pointTable({ name, set }: SweepPoint, rows: readonly SweepRow[]): Html {
  const own = rows.filter(({ point }) => point === name);
  const models = [...new Set(own.map(({ model }) => model))];
  const benchmarks = [...new Map(own.map((row) => [row.benchmark, row])).values()];
  const settings = set.map(({ path, value }) => `${path.join('.')} = ${JSON.stringify(value)}`);
  return html`<div class="scroll">
    <table class="scores">
      <caption>
        <code>${settings.join(', ')}</code>
      </caption>
      <thead>
        <tr>
          <th scope="col">Benchmark</th>
          ${models.map((model, position) => html`<th scope="col">${markerKey(position)}${model}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${benchmarks.map(
          ({ benchmark, title, metric }) =>
            html`<tr>
              <th scope="row">${title}<code>${metric}</code></th>
              ${models.map((model) => scoreCell(own.find((row) => row.benchmark === benchmark && row.model === model)))}
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}

function scoreCell(row: SweepRow | undefined): Html {
  if (row === undefined || row.score === null) return html`<td>–</td>`;
  const { score, interval95, n } = row;
  return html`<td>
    <b>${percent(score)}</b
    >${interval95 && html`<span class="interval95">${percent(interval95[0])} to ${percent(interval95[1])}</span>`}<span
      class="n"
      >n = ${grouped(n)}</span
    >
  </td>`;
}

/** Pixels above a plot for the names of its models. */
const LEGEND = 28;
const LEGEND_ENTRY = 150;
const MARGIN = 10;

/** The plots below each other as one SVG file that stands for itself, on a light ground. */
export function sweepPicture(plots: SweepContent['plots']): string {
  const drawn = [...plots.values()];
  const sizes = drawn.map(sweepPlotSize);
  const width = Math.max(0, ...sizes.map((size) => size.width)) + 2 * MARGIN;
  const tops = sizes.map((_, i) =>
    sizes.slice(0, i).reduce((top, { height }) => top + height + LEGEND, MARGIN),
  );
  const height = sizes.reduce((sum, size) => sum + size.height + LEGEND, 2 * MARGIN);
  const style = `:root{color:${GROUND.ink.light}}text{font:11px system-ui,sans-serif;white-space:pre}${SERIES.map(({ light }, i) => `.series-${i}{fill:${light}}`).join('')}`;
  const picture = html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
  >
    ${trusted(`<style>${style}</style>`)}
    <rect width="100%" height="100%" fill="${GROUND.page.light}" />
    ${drawn.map((points, i) => html`<g transform="translate(${MARGIN} ${tops[i] ?? 0})">${distinct(points, 'model').map(legendEntry)}<g transform="translate(0 ${LEGEND})">${inLight(sweepPlot(points))}</g></g> `)}
  </svg>`;
  return `${picture.markup}\n`;
}

/** Colours as themselves: not every program that shows an SVG file knows custom properties. */
function inLight(plot: string): Html {
  return trusted(
    plot.replace(/var\(--series-(\d+)\)/g, (_, i) => SERIES[Number(i)]?.light ?? 'currentColor'),
  );
}

function legendEntry(model: string, position: number): Html {
  const key = html`<svg viewBox="0 0 14 14" width="10" height="10">${marker(position, 7, 7)}</svg>`;
  return html`<g transform="translate(${40 + position * LEGEND_ENTRY} 4)"
    >${key}<text x="15" y="9">${model}</text></g
  >`;
}
