import { html, type Html } from './html.js';
import { layerSharePlot, type LayerShares } from './region-share-plot.js';
import { lossPlot, selectedPlot, type LossCurve, type LossPoint } from './loss-plot.js';
import { markerKey } from './markers.js';
import { grouped } from './numbers.js';

/** Share of the steps whose mean stands for the beginning and for the end of a training. */
const ENDS = 0.05;

/** Losses and selected regions of every trained model; nothing where no model was trained. */
export function trainingSection(
  curves: readonly LossCurve[],
  layers: readonly LayerShares[] = [],
): Html | null {
  const trained = curves.filter(({ points }) => points.length > 0);
  if (trained.length === 0) return null;
  return html`<section id="training" aria-labelledby="training-title">
    <h2 id="training-title">Training</h2>
    <figure>
      <figcaption class="legend">
        ${trained.map(({ model, position }) => html`<span>${markerKey(position)}${model}</span>`)}
      </figcaption>
      <div class="charts">${lossPlot(trained)} ${selectedPlot(trained)} ${layers.map(layerSharePlot)}</div>
    </figure>
    <div class="scroll" tabindex="0">
      <table>
        <caption>
          Mean loss over the first and the last twentieth of the steps
        </caption>
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Steps</th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          ${trained.map(({ model, position, points }) => {
            const end = Math.max(1, Math.round(points.length * ENDS));
            return html`<tr>
              <th scope="row">${markerKey(position)}${model}</th>
              <td>${grouped(points.length)}</td>
              <td>${meanLoss(points.slice(0, end))}</td>
              <td>${meanLoss(points.slice(-end))}</td>
            </tr> `;
          })}
        </tbody>
      </table>
    </div>
  </section>`;
}

function meanLoss(points: readonly LossPoint[]): string {
  return (points.reduce((sum, { loss }) => sum + loss, 0) / points.length).toFixed(3);
}
