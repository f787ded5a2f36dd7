import type { Box } from './boxes.js';
import type { ExplainedRegion, ExplainedStep, Explanation } from './explanation.js';
import { layOut } from './layout.js';
import type { Layout } from './layout.js';

/** What to draw: panels to fill with the picture, and an SVG of the whole size that goes on top. */
export interface Drawing {
  width: number;
  height: number;
  panels: Box[];
  svg: string;
}

/** A region, and how many of the (token, layer) pairs in question chose it, 0 to 1. */
interface Weighted {
  box: Box;
  share: number;
}

const COLOUR = '#ff2d55';
/** Below this an outline could not be seen. */
const FAINTEST = 0.2;
/** Characters of the answer in the title. */
const TITLE_LENGTH = 56;
const LEGEND_SHARES = [0.25, 0.5, 0.75, 1];

/**
 * Draws which regions one token's layers chose, or all tokens' together: outlines over the picture, the more opaque the
 * more layers chose the region, a legend, and a strip with one small picture a layer.
 *
 * @param step - index of the token; undefined: all of them
 * @param side - the longer side of the main picture, pixels
 */
export function drawingOf(explanation: Explanation, step: number | undefined, side: number): Drawing {
  const steps = explanation.steps.filter((_, index) => step === undefined || index === step);
  const layers = [...new Set(steps.flatMap((each) => each.layers.map(({ layer }) => layer)))];
  const layout = layOut(explanation.picture, side, layers.length);
  const { width, height, main, strip } = layout;
  const scale = main.width / explanation.picture.width;
  const everywhere = shares(steps, layers, layers);
  const parts = [
    title(layout, explanation, step),
    outlines(everywhere, main, scale),
    legend(layout, layers.length),
    ...layers.map((layer, index) => {
      const place = strip[index] ?? main;
      const label = text(place.x, place.y - 8, `layer ${layer}`);
      const chosen = shares(steps, layers, [layer]);
      return label + outlines(chosen, place, place.width / explanation.picture.width);
    }),
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="14">${parts.join('')}</svg>`;
  return { width, height, panels: [main, ...strip], svg };
}

/** How often each region was chosen by the given ones of `layers`, over all of `steps`. */
function shares(
  steps: readonly ExplainedStep[],
  layers: readonly number[],
  of: readonly number[],
): Weighted[] {
  const counts = new Map<number, { region: ExplainedRegion; count: number }>();
  for (const each of steps) {
    for (const { layer, regions } of each.layers) {
      if (!of.includes(layer)) continue;
      for (const region of regions) {
        const count = counts.get(region.index)?.count ?? 0;
        counts.set(region.index, { region, count: count + 1 });
      }
    }
  }
  const pairs = steps.length * Math.min(of.length, layers.length);
  return [...counts.values()].flatMap(({ region, count }) =>
    region.box === null ? [] : [{ box: region.box, share: count / pairs }],
  );
}

function outlines(regions: readonly Weighted[], place: Box, scale: number): string {
  return regions
    .toSorted((a, b) => a.share - b.share)
    .map(({ box, share }) => {
      const [x, y] = [place.x + box.x * scale, place.y + box.y * scale];
      return rectangle({ x, y, width: box.width * scale, height: box.height * scale }, share);
    })
    .join('');
}

/** An outline that lies inside its region, so that neighbours do not cover each other; white around it, to stand out. */
function rectangle({ x, y, width, height }: Box, share: number): string {
  const size = (value: number) => Math.max(0, value - 4).toFixed(2);
  const place = `x="${(x + 2).toFixed(2)}" y="${(y + 2).toFixed(2)}" width="${size(width)}" height="${size(height)}"`;
  const opacity = (FAINTEST + (1 - FAINTEST) * share).toFixed(3);
  const halo = `<rect ${place} fill="none" stroke="#ffffff" stroke-width="4" stroke-opacity="${opacity}"/>`;
  const inside = `fill="${COLOUR}" fill-opacity="${(share / 4).toFixed(3)}"`;
  return `${halo}<rect ${place} ${inside} stroke="${COLOUR}" stroke-width="2" stroke-opacity="${opacity}"/>`;
}

function title(
  { title: { x, y } }: Layout,
  { steps, text: answer }: Explanation,
  step: number | undefined,
): string {
  if (step === undefined) return text(x, y, `${steps.length} tokens: ${shortened(answer)}`);
  return text(x, y, `token ${step + 1} of ${steps.length}: “${shortened(steps[step]?.text ?? '')}”`);
}

function legend({ legend: { x, y } }: Layout, layers: number): string {
  const swatches = LEGEND_SHARES.map((share, index) => {
    const left = x + 248 + index * 60;
    return (
      rectangle({ x: left, y, width: 18, height: 18 }, share) + text(left + 22, y + 14, `${share * 100} %`)
    );
  });
  return text(x, y + 14, `chosen by so many of ${layers} layers:`) + swatches.join('');
}

function shortened(answer: string): string {
  const characters = [...answer];
  return characters.length <= TITLE_LENGTH ? answer : `${characters.slice(0, TITLE_LENGTH).join('')}…`;
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}" xml:space="preserve">${xmlText(content)}</text>`;
}

/** What XML 1.0 does not allow, and line ends, which a title has no room for, become U+FFFD and a space. */
function xmlText(content: string): string {
  return [...content.replaceAll(/\s/g, ' ')]
    .map((character) =>
      /[\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(character) ? character : '\u{fffd}',
    )
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;');
}
