import { barY, gridY } from '@observablehq/plot';
import { drawing } from './drawing.js';
import type { Html } from './html.js';
import { percent } from './numbers.js';
import { seriesOf } from './palette.js';

/** What the layers of one model chose when its answers began. */
export interface LayerShares {
  model: string;
  /** Of the model in the run: decides the colour. */
  position: number;
  /** Mean over the items, 0 to 1. */
  shares: readonly { layer: number; share: number }[];
}

/** Bars: the mean share of the regions that each layer of a model chose. */
export function layerSharePlot({ model, position, shares }: LayerShares): Html {
  const rows = shares.map(({ layer, share }) => ({ layer, percent: 100 * share }));
  const told = shares.map(({ layer, share }) => `layer ${layer} ${percent(share)} %`).join(', ');
  return drawing(`Share of the regions that ${model} chose when its answers began, by layer: ${told}`, {
    width: 560,
    height: 240,
    marginLeft: 46,
    x: { label: 'layer', tickSize: 0 },
    y: { label: 'chosen of the regions, %', zero: true, ticks: 5, nice: true },
    marks: [
      gridY({ ticks: 5 }),
      barY(rows, { x: 'layer', y: 'percent', className: `bar series-${seriesOf(position)}` }),
    ],
  });
}
