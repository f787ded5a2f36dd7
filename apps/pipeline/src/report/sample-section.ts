import { html, trusted, type Html } from './html.js';
import { markerKey } from './markers.js';
import { grouped } from './numbers.js';
import type { SampleData } from './browser/sample-data.js';

/** The samples of the page. */
export interface Samples {
  data: SampleData;
  /** Of the columns: whose answers are judged, and against whose, when the page is opened. */
  judged: string;
  against: string;
  /** Items, regions of items and pictures that had no room in the page. */
  leftOut: { items: number; regions: number; pictures: number };
}

const RESULTS = {
  '': 'all',
  right: 'right',
  wrong: 'wrong',
  flipped: 'flipped against …',
  gained: 'right, against wrong',
  lost: 'wrong, against right',
  unscored: 'without a score',
};

/** Every item of the benchmarks: controls, list and place for one sample, which the page's script fills. */
export function sampleSection({ data, judged, against, leftOut }: Samples): Html {
  const tasks = [...new Set(data.items.map(([, task]) => data.texts[task] ?? ''))];
  const columns = Object.fromEntries(data.columns.map((name) => [name, name]));
  return html`<section id="samples" aria-labelledby="samples-title">
    <h2 id="samples-title">Samples</h2>
    <noscript><p>The samples are shown by the page’s script, which is not allowed to run here.</p></noscript>
    ${remarks(leftOut).map((remark) => html`<p class="note">${remark}</p>`)}
    <div class="browser" hidden>
      <div class="controls" role="search" aria-label="Samples">
        <label>Search <input type="search" data-control="search" placeholder="question, answer, id" /></label>
        ${choice('Benchmark', 'task', { '': 'all', ...Object.fromEntries(tasks.map((task) => [task, task])) }, '')}
        ${choice('Answers of', 'judged', columns, judged)} ${choice('are', 'result', RESULTS, '')}
        ${choice('Against', 'against', columns, against)}
      </div>
      <p class="note keys">
        <span role="status"></span> · <kbd>j</kbd> next, <kbd>k</kbd> previous, <kbd>/</kbd> search; arrows in
        the list and on the sliders
      </p>
      <div class="list" role="listbox" tabindex="0" aria-label="Samples that fit"></div>
      ${samplePlace()}
    </div>
    ${data.columns.map((_, i) => html`<template id="marker-${i}">${markerKey(i)}</template>`)}
    ${trusted(`<script type="application/json" id="sample-data">${jsonInHtml(data)}</script>`)}
  </section>`;
}

/** Where the script puts one sample. */
function samplePlace(): Html {
  return html`<article aria-labelledby="sample-title">
    <h3 id="sample-title"><span class="task"></span> <code class="id"></code></h3>
    <figure class="picture">
      <div class="frame"><img alt="" /><svg class="overlay" aria-hidden="true"></svg></div>
      <p class="missing note"></p>
      <div class="sliders">
        <label hidden>Layers <input type="range" id="layer" min="0" value="0" /><output></output></label>
        <label hidden>Token <input type="range" id="token" min="1" value="1" /><output></output></label>
        <label class="shows"
          ><input type="checkbox" id="show-regions" checked /> Show the chosen regions</label
        >
      </div>
      <figcaption>
        <span class="regions-told"></span> <a class="file" href="#samples">Open the picture</a>
      </figcaption>
    </figure>
    <div class="told">
      <p class="question data"></p>
      <p>Expected: <span class="targets"></span></p>
      <table class="answers">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Answer</th>
            <th scope="col">Result</th>
          </tr>
        </thead>
        <tbody></tbody>
      </table>
      <table class="losses">
        <caption>
          Loss of each option; the lowest is chosen
        </caption>
        <thead></thead>
        <tbody></tbody>
      </table>
      <details>
        <summary>Prompt</summary>
        <p class="prompt data"></p>
      </details>
    </div>
  </article>`;
}

function choice(label: string, name: string, values: Readonly<Record<string, string>>, chosen: string): Html {
  return html`<label
    >${label}
    <select data-control="${name}">
      ${Object.entries(values).map(([value, text]) => html`<option value="${value}" ${value === chosen && trusted('selected')}>${text}</option> `)}
    </select></label
  >`;
}

function remarks({ items, regions, pictures }: Samples['leftOut']): string[] {
  return [
    items > 0 &&
      `${grouped(items)} further items have no room in a page of 3 MB; eval’s answers.jsonl has them.`,
    regions > 0 &&
      `The chosen regions of ${grouped(regions)} items have no room in the page; infer’s answers have them.`,
    pictures > 0 &&
      `${grouped(pictures)} pictures are not in this file but read from where they lie beside it.`,
  ].filter((remark) => remark !== false);
}

/** JSON that no HTML parser sees an end of the element in. */
function jsonInHtml(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
