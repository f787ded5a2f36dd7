import { join } from 'node:path';
import { formatScoreTable, scoreAnswers, type EvalResults } from '@flexattn/eval';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { toolsOf } from '../code-hash.js';
import { openJudge, type JudgeSettings } from '../open-judge.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';
import { WEIGHTS_FILE } from './infer.js';
import { benchmarkFolders, benchmarksOf } from './items.js';

export const evaluate: Stage<EvalResults> = {
  name: 'eval',
  purpose: 'scores the answers, with intervals and paired comparisons',
  after: ['items', 'infer'],
  reads: (context) => ({
    items: artifacts(context, 'items'),
    answers: artifacts(context, 'infer'),
    ...judgeModule(context),
    ...benchmarkFolders(context),
  }),
  parameters: ({ config }) => ({ ...config.eval, models: config.models.map(({ name }) => name) }),
  tools: () => Promise.resolve(toolsOf('@flexattn/eval')),
  produce: async (context, out) => {
    const { models, eval: settings } = context.config;
    const inferred = artifacts(context, 'infer');
    return scoreAnswers({
      ...benchmarksOf(context),
      items: join(artifacts(context, 'items'), 'items.jsonl'),
      answers: Object.fromEntries(models.map(({ name }) => [name, join(inferred, `${name}.jsonl`)])),
      weights: await readJsonAs(join(inferred, WEIGHTS_FILE), z.record(z.string(), z.string())),
      judge: await openJudge(judgeSettings(context), {
        workspace: context.workspace,
        key: context.judgeKey,
      }),
      seed: settings.seed,
      quiet: context.quiet,
      out,
    });
  },
  show: formatScoreTable,
};

/** The configuration's judge, a module by its absolute path. */
function judgeSettings(context: RunContext): JudgeSettings {
  const { judge } = context.config.eval;
  return judge !== 'none' && 'module' in judge ? { module: pathOf(context, judge.module) } : judge;
}

/** A judge of one's own is read, too: its bytes decide the scores. */
function judgeModule(context: RunContext): Record<string, string> {
  const judge = judgeSettings(context);
  return judge !== 'none' && 'module' in judge ? { judge: judge.module } : {};
}
