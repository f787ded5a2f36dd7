import { RegionView } from './browser/region-view.js';
import { RowList } from './browser/row-list.js';
import { SampleBrowser } from './browser/sample-browser.js';
import { SampleFilter } from './browser/sample-filter.js';
import { SampleView } from './browser/sample-view.js';
import { RIGHT } from './right.js';

/**
 * The page's only script: the classes of `browser/` as they are loaded here, which is why none of them uses anything of
 * another module but its types.
 */
export const SCRIPT = `
${[RegionView, RowList, SampleFilter, SampleView, SampleBrowser].map(String).join('\n')}
{
  const root = document.querySelector('#samples');
  const data = JSON.parse(document.querySelector('#sample-data').textContent);
  const sliders = { layer: root.querySelector('#layer'), token: root.querySelector('#token') };
  const regions = new RegionView(data, root.querySelector('.overlay'), sliders, root.querySelector('.regions-told'));
  const filter = new SampleFilter(data, ${RIGHT});
  const view = new SampleView(data, root.querySelector('article'), regions, filter);
  const browser = new SampleBrowser(data, root, { filter, view, regions });
  const list = new RowList(
    root.querySelector('[role=listbox]'),
    (row, item) => browser.fill(row, item),
    (item) => browser.choose(item),
  );
  root.querySelector('.browser').hidden = false;
  browser.start(list);
}
`;
