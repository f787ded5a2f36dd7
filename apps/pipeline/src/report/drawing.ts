import { plot, type PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { html, trusted, type Html } from './html.js';

/**
 * A chart as SVG markup: colours come from the page's style sheet by class, text and axes in the text's colour, so that
 * it follows light and dark mode. The same options give the same bytes.
 *
 * @param label - what it shows, for those who do not see it
 */
export function drawing(label: string, options: PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = plot({ ...options, document });
  // the page's policy allows no other style sheet than its own
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const name of ['width', 'height', 'font-family', 'fill']) svg.removeAttribute(name);
  for (const group of svg.querySelectorAll('[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('class', 'plot');
  svg.setAttribute('role', 'img');
  // put in by our own template, which escapes what a name may hold
  const { markup } = html`<svg aria-label="${label}" `;
  return trusted(svg.outerHTML.replace('<svg ', () => markup));
}

/** A name that fits beside a chart; the tables show it whole. */
export function shortName(name: string, length: number): string {
  return name.length > length ? `${name.slice(0, length - 1)}…` : name;
}
