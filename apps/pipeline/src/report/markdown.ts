import { scoreRows, type EvalResults } from '@flexattn/eval';
import { differencesOf, verdict } from './differences.js';
import { grouped, percent } from './numbers.js';
import { headlinePair, type ModelSetup } from './setup.js';
import { taskTitle, tasksOf } from './tasks.js';

/** A run's scores as Markdown, for a pull request or a job summary: the verdict, a table, what eval warns of. */
export function markdownSummary(
  run: string,
  results: Pick<EvalResults, 'models' | 'results' | 'versions' | 'comparisons' | 'warnings'>,
  setups: readonly ModelSetup[],
): string {
  const pair = headlinePair(setups);
  const main = scoreRows(results).filter(({ isMain }) => isMain);
  const lines = tasksOf(results).map((task) => {
    const rows = results.models.map((model) =>
      main.find((row) => row.task === task.name && row.model === model),
    );
    const scores = rows.map((row) => {
      if (row?.score == null) return '–';
      const [low, high] = row.interval95 ?? [];
      return low === undefined || high === undefined
        ? percent(row.score)
        : `${percent(row.score)} (${percent(low)} to ${percent(high)})`;
    });
    return [taskTitle(task), grouped(Math.max(0, ...rows.map((row) => row?.n ?? 0))), ...scores];
  });
  const table = [
    ['Benchmark', 'n', ...results.models],
    ['---', ...Array.from({ length: results.models.length + 1 }, () => '---:')],
    ...lines,
  ];
  const parts = [
    `### FlexAttention run ${escaped(run)}`,
    pair === undefined ? '' : escaped(verdict(pair, differencesOf(results, pair))),
    table.map((cells) => `| ${cells.map(escaped).join(' | ')} |`).join('\n'),
    'Percent, with 95 % intervals.',
    ...results.warnings.map((warning) => `- ${escaped(warning)}`),
  ];
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

/** Text that is shown as it stands: no markup, no link, no new cell. */
function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|!@]/g, (mark) => `\\${mark}`).replace(/\s+/g, ' ');
}
