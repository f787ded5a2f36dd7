import { scoreRows, type EvalResults, type ScoreRow } from '@flexattn/eval';
import { differenceTable } from './difference-table.js';
import { differencesOf, verdict } from './differences.js';
import { html, type Html } from './html.js';
import { intervalPlot } from './interval-plot.js';
import { publishedTable } from './published-table.js';
import { scoreTable } from './score-table.js';
import { sizePlot, type SizeGroup } from './size-plot.js';
import { headlinePair, type ModelSetup } from './setup.js';
import { taskTitle, tasksOf, type Task } from './tasks.js';

export interface ScoreSection {
  results: EvalResults;
  models: readonly ModelSetup[];
  /** Score of guessing by task, 0 to 1. */
  chance: ReadonlyMap<string, number>;
  /** Scores by the size of the object; empty where no item tells one. */
  sizes: readonly SizeGroup[];
}

/** Scores of every model on every task: what they show in one sentence, the table, the plots, the differences. */
export function scoreSection({ results, models, chance, sizes }: ScoreSection): Html {
  const rows = scoreRows(results);
  const tasks = tasksOf(results);
  const pair = headlinePair(models);
  const differences = pair === undefined ? [] : differencesOf(results, pair);
  return html`<section id="scores" aria-labelledby="scores-title">
    <h2 id="scores-title">Scores</h2>
    ${pair && html`<p class="verdict">${verdict(pair, differences)}</p>`}
    <div class="overview">
      ${scoreTable(results.models, tasks, rows)}
      <div class="plots">
        ${tasks.map((task) => taskPlot(results.models, task, rows, chance.get(task.name)))}
      </div>
    </div>
    ${pair && differences.length > 0 && differenceTable(pair, differences)} ${publishedTable(results)}
    ${
      sizes.length > 0 &&
      html`<figure>
        <figcaption>V*: score by the size of the object, a quarter of the items in each group</figcaption>
        ${sizePlot(sizes)}
      </figure>`
    }
    <p class="note">
      Scores in percent with their 95 % intervals. Intervals and p tell how far the choice of questions can
      mislead; each model was trained at most once, so they do not tell how far another seed of the training
      would.
    </p>
  </section>`;
}

function taskPlot(
  models: readonly string[],
  task: Task,
  rows: readonly ScoreRow[],
  chance: number | undefined,
): Html | null {
  const own = models.flatMap((model, position) => {
    const row = rows.find((one) => one.isMain && one.task === task.name && one.model === model);
    return row?.score == null ? [] : [{ model, position, score: row.score, interval95: row.interval95 }];
  });
  const title = taskTitle(task);
  if (own.length === 0) return null;
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${intervalPlot({ title, rows: own, chance })}
  </figure> `;
}
