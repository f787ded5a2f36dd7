import { publishedFigures, type EvalResults } from '@flexattn/eval';
import { html, type Html } from './html.js';
import { taskTitle, tasksOf } from './tasks.js';

/** The paper's figures beside which the run's may be put; a word on why there are none. */
export function publishedTable(results: EvalResults): Html {
  const figures = publishedFigures(results);
  const tasks = tasksOf(results);
  if (figures.length === 0) {
    return html`<p class="note">
      The paper’s figures are not shown: no benchmark was scored on just the published items by the published
      metric.
    </p>`;
  }
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption>
        Published for 7B models (arXiv 2407.20228), on the benchmarks that were scored whole and by the same
        metric
      </caption>
      <thead>
        <tr>
          <th scope="col">Benchmark</th>
          <th scope="col">LLaVA-1.5-7B, 336 px</th>
          <th scope="col">LLaVA-HD, 448 px</th>
          <th scope="col">LLaVA-XAttn, 1008 px</th>
          <th scope="col">LLaVA-FlexAttn, 1008 px</th>
        </tr>
      </thead>
      <tbody>
        ${tasks.flatMap((task) =>
          figures
            .filter((one) => one.task === task.name)
            .map(
              ({ llava, llavaHd, crossAttention, flexAttention }) =>
                html`<tr>
                  <th scope="row">${taskTitle(task)}</th>
                  ${[llava, llavaHd, crossAttention, flexAttention].map(
                    (figure) => html`<td>${figure.toFixed(1)}</td>`,
                  )}
                </tr> `,
            ),
        )}
      </tbody>
    </table>
  </div>`;
}
