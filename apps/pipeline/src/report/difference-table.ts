import type { TaskDifference } from './differences.js';
import { html, type Html } from './html.js';
import { grouped, pValue, signedPoints } from './numbers.js';
import type { ModelPair } from './setup.js';
import { taskTitle } from './tasks.js';

/** What `to` scores more than `from`, a line for each task. */
export function differenceTable({ from, to }: ModelPair, differences: readonly TaskDifference[]): Html {
  return html`<div class="scroll" tabindex="0">
    <table>
      <caption>
        ${to} minus ${from} on the same questions, in percentage points
      </caption>
      <thead>
        <tr>
          <th scope="col">Benchmark</th>
          <th scope="col">n</th>
          <th scope="col">Difference</th>
          <th scope="col">95 % interval</th>
          <th scope="col">p</th>
          <th scope="col">Significant</th>
          <th scope="col">Better on</th>
          <th scope="col">Worse on</th>
        </tr>
      </thead>
      <tbody>
        ${differences.map(
          ({ task, n, difference, interval95: [low, high], p, significant, higher, lower }) =>
            html`<tr class="${task.part !== null && 'part'}">
              <th scope="row">${taskTitle(task)}</th>
              <td>${grouped(n)}</td>
              <td><b>${signedPoints(difference)}</b></td>
              <td>${signedPoints(low)} to ${signedPoints(high)}</td>
              <td>${pValue(p)}</td>
              <td>${significant ? 'yes' : 'no'}</td>
              <td>${grouped(higher)}</td>
              <td>${grouped(lower)}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </div>`;
}
