import { join } from 'node:path';
import {
  createHttpJudge,
  formatScoreTable,
  scoreAnswers,
  type EvalResults,
  type JudgeOptions,
} from '@flexattn/eval';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { toolsOf } from '../code-hash.js';
import { artifacts, type RunContext } from '../run-context.js';
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
      judge: judgeOf(context),
      seed: settings.seed,
      quiet: context.quiet,
      out,
    });
  },
  show: formatScoreTable,
};

/** The configuration's judge; its verdicts are kept beside the answers. */
function judgeOf({ workspace, judgeKey, config: { eval: settings } }: RunContext): JudgeOptions | undefined {
  if (settings.judge === 'none') return undefined;
  const { baseUrl, model, concurrency, timeLimit } = settings.judge;
  return {
    judge: createHttpJudge({ baseUrl, model, key: judgeKey, timeLimitMs: 1000 * timeLimit }),
    kept: join(workspace, '.flexattn', 'verdicts'),
    concurrency,
  };
}
