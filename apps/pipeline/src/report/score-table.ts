import type { ScoreRow } from '@flexattn/eval';
import { html, type Html } from './html.js';
import { markerKey } from './markers.js';
import { grouped, percent } from './numbers.js';
import { taskTitle, type Task } from './tasks.js';

/** A column for each model, a line for each metric of each task: score, interval, number of items. */
export function scoreTable(
  models: readonly string[],
  tasks: readonly Task[],
  rows: readonly ScoreRow[],
): Html {
  return html`<div class="scroll" tabindex="0">
    <table class="scores">
      <caption>
        Score of each model in percent, 95 % interval below
      </caption>
      <thead>
        <tr>
          <th scope="col">Benchmark</th>
          <th scope="col">n</th>
          ${models.map((model, i) => html`<th scope="col">${markerKey(i)}${model}</th>`)}
        </tr>
      </thead>
      ${tasks.map(
        (task) =>
          html`<tbody>
            ${metricsOf(task, rows).map((metric) => scoreLine(models, task, metric, rows))}
          </tbody> `,
      )}
    </table>
  </div>`;
}

/** A task's metrics, the main one first. */
function metricsOf(task: Task, rows: readonly ScoreRow[]): string[] {
  const own = rows.filter((row) => row.task === task.name);
  return [...new Set(own.map(({ metric }) => metric))];
}

function scoreLine(models: readonly string[], task: Task, metric: string, rows: readonly ScoreRow[]): Html {
  const own = models.map((model) =>
    rows.find((row) => row.task === task.name && row.metric === metric && row.model === model),
  );
  const isMain = own.some((row) => row?.isMain);
  const counts = new Set(own.map((row) => row?.n ?? 0));
  const [n] = counts.size === 1 ? counts : [];
  return html`<tr class="${isMain ? 'main' : 'further'}${task.part !== null && ' part'}">
    <th scope="row">${isMain && taskTitle(task)}<code>${metric}</code></th>
    <td>${n === undefined ? '' : grouped(n)}</td>
    ${own.map((row) => scoreCell(row, n === undefined))}
  </tr>`;
}

/** @param withCount - the models have scores on different numbers of items, so each cell tells its own */
function scoreCell(row: ScoreRow | undefined, withCount: boolean): Html {
  if (row === undefined || row.score === null)
    return html`<td>–${row && [failures(row), unjudged(row)]}</td>`;
  const { score, interval95, n } = row;
  const interval =
    interval95 &&
    html`<span class="interval95">${percent(interval95[0])} to ${percent(interval95[1])}</span>`;
  return html`<td>
    <b>${percent(score)}</b
    >${interval}${withCount && html`<span class="n">n = ${grouped(n)}</span>`}${unparseable(row)}${cut(row)}${failures(row)}${unjudged(row)}
  </td>`;
}

/** Answers that count as wrong because nothing could be read from them. */
function unparseable({ unparseable: share }: ScoreRow): Html | null {
  return share === null || share === 0 ? null : html`<span class="n">${percent(share)} % unreadable</span>`;
}

/** Answers that ended at the limit of their length. */
function cut({ cut: share }: ScoreRow): Html | null {
  return share === null || share === 0 ? null : html`<span class="n">${percent(share)} % cut off</span>`;
}

/** Answers that no judge said yes or no to: they are in no score. */
function unjudged({ unjudged: items }: ScoreRow): Html | null {
  return items === 0 ? null : html`<span class="n">${grouped(items)} not judged</span>`;
}

/** Items that are in no score. */
function failures({ errors }: ScoreRow): Html | null {
  return errors === 0 ? null : html`<span class="n">${grouped(errors)} failed</span>`;
}
