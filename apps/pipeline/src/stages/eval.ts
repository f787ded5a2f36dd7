import { join } from 'node:path';
import { formatScoreTable, scoreAnswers, type EvalResults } from '@flexattn/eval';
import { toolsOf } from '../code-hash.js';
import { artifacts } from '../run-context.js';
import type { Stage } from '../stage.js';
import { benchmarkFolders, benchmarksOf } from './items.js';

export const evaluate: Stage<EvalResults> = {
  name: 'eval',
  purpose: 'scores the answers, with intervals and paired comparisons',
  after: ['items', 'infer'],
  reads: (context) => ({
    items: artifacts(context, 'items'),
    answers: artifacts(context, 'infer'),
    ...benchmarkFolders(context),
  }),
  parameters: ({ config }) => ({ ...config.eval, models: config.models.map(({ name }) => name) }),
  tools: () => Promise.resolve(toolsOf('@flexattn/eval')),
  produce: (context, out) => {
    const { models, eval: settings } = context.config;
    const answers = Object.fromEntries(
      models.map(({ name }) => [name, join(artifacts(context, 'infer'), `${name}.jsonl`)]),
    );
    return scoreAnswers({
      ...benchmarksOf(context),
      items: join(artifacts(context, 'items'), 'items.jsonl'),
      answers,
      seed: settings.seed,
      out,
    });
  },
  show: formatScoreTable,
};
