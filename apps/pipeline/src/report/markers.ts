import { html, type Html } from './html.js';
import { coordinate } from './numbers.js';
import { seriesOf } from './palette.js';

/** Half the width of a marker, in units of the drawing. */
const RADIUS = 5;

/** The marker of the model at `position` in the run: a shape and a colour of its own. */
export function marker(position: number, x: number, y: number): Html {
  const [left, right, top, bottom] = [x - RADIUS, x + RADIUS, y - RADIUS, y + RADIUS].map(coordinate);
  const [cx, cy] = [coordinate(x), coordinate(y)];
  const series = `series-${seriesOf(position)}`;
  switch (position % 3) {
    case 0:
      return html`<circle class="marker ${series}" cx="${cx}" cy="${cy}" r="${RADIUS}" />`;
    case 1:
      return html`<path class="marker ${series}" d="M${left} ${top}H${right}V${bottom}H${left}Z" />`;
    default:
      return html`<path
        class="marker ${series}"
        d="M${cx} ${top}L${right} ${cy}L${cx} ${bottom}L${left} ${cy}Z"
      />`;
  }
}

/** A model's marker beside its name, in a table or a legend. */
export function markerKey(position: number): Html {
  return html`<svg class="key" viewBox="0 0 14 14" aria-hidden="true">${marker(position, 7, 7)}</svg>`;
}
