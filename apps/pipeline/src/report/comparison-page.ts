import type { EvalResults } from '@flexattn/eval';
import { scoreRows } from '@flexattn/eval';
import type { SettingDifference } from '../config-differences.js';
import { differenceTable } from './difference-table.js';
import { differencesOf, verdict } from './differences.js';
import { html, type Html } from './html.js';
import { htmlDocument, noteSection } from './html-document.js';
import { sampleSection, type Samples } from './sample-section.js';
import { scoreTable } from './score-table.js';
import type { ModelPair } from './setup.js';
import { tasksOf } from './tasks.js';

/** The scores of two runs as if their models had been scored together; models are named `RUN: MODEL`. */
export type JoinedResults = Pick<EvalResults, 'models' | 'results' | 'versions' | 'comparisons'>;

/** All that a page of two runs shows. */
export interface ComparisonContent {
  /** Names of the runs. */
  runs: readonly [a: string, b: string];
  results: JoinedResults;
  /** Each model of the first run and the same of the second. */
  pairs: readonly ModelPair[];
  settings: readonly SettingDifference[];
  samples: Samples;
  notes: readonly string[];
}

/** Two runs in one page: scores side by side, differences of each model, settings, and every answer of both. */
export function comparisonPage({
  runs,
  results,
  pairs,
  settings,
  samples,
  notes,
}: ComparisonContent): string {
  const [a, b] = runs;
  const tasks = tasksOf(results);
  return htmlDocument({
    title: `FlexAttention runs “${a}” and “${b}”`,
    nav: html`<a href="#scores">Scores</a><a href="#settings">Settings</a><a href="#samples">Samples</a>`,
    header: html`<p>Differences are those of “${b}” minus “${a}” on the same questions.</p>`,
    main: html`<section id="scores" aria-labelledby="scores-title">
        <h2 id="scores-title">Scores</h2>
        ${scoreTable(results.models, tasks, scoreRows(results))}
        ${pairs.map((pair) => {
          const differences = differencesOf(results, pair);
          return html`<p class="verdict">${verdict(pair, differences)}</p>
            ${differences.length > 0 && differenceTable(pair, differences)}`;
        })}
        ${noteSection(notes)}
      </section>
      ${settingSection(runs, settings)} ${sampleSection(samples)}`,
  });
}

function settingSection([a, b]: ComparisonContent['runs'], settings: readonly SettingDifference[]): Html {
  return html`<section id="settings" aria-labelledby="settings-title">
    <h2 id="settings-title">Settings that differ</h2>
    ${
      settings.length === 0
        ? html`<p>None.</p>`
        : html`<div class="scroll" tabindex="0">
            <table>
              <thead>
                <tr>
                  <th scope="col">Setting</th>
                  <th scope="col">${a}</th>
                  <th scope="col">${b}</th>
                </tr>
              </thead>
              <tbody>
                ${settings.map(
                  ({ path, a: before, b: after }) =>
                    html`<tr>
                      <th scope="row"><code>${path}</code></th>
                      <td>${settingText(before)}</td>
                      <td>${settingText(after)}</td>
                    </tr> `,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function settingText(value: unknown): string {
  return value === undefined ? '–' : JSON.stringify(value);
}
