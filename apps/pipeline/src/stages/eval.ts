import { join } from 'node:path';
import {
  createHttpJudge,
  formatScoreTable,
  importJudge,
  scoreAnswers,
  type EvalResults,
  type JudgeOptions,
} from '@flexattn/eval';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { toolsOf } from '../code-hash.js';
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
      judge: await judgeOf(context),
      seed: settings.seed,
      quiet: context.quiet,
      out,
    });
  },
  show: formatScoreTable,
};

/** The configuration's judge; its verdicts are kept beside the answers. */
async function judgeOf(context: RunContext): Promise<JudgeOptions | undefined> {
  const { workspace, judgeKey, config } = context;
  const { judge: settings } = config.eval;
  if (settings === 'none') return undefined;
  const kept = join(workspace, '.flexattn', 'verdicts');
  if ('module' in settings) return { judge: await importJudge(pathOf(context, settings.module)), kept };
  const { baseUrl, model, concurrency, timeLimit } = settings;
  const judge = createHttpJudge({ baseUrl, model, key: judgeKey, timeLimitMs: 1000 * timeLimit });
  return { judge, kept, concurrency };
}

/** A judge of one's own is read, too: its bytes decide the scores. */
function judgeModule(context: RunContext): Record<string, string> {
  const { judge } = context.config.eval;
  return judge !== 'none' && 'module' in judge ? { judge: pathOf(context, judge.module) } : {};
}
