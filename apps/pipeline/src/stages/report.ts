import { join } from 'node:path';
import { toolsOf } from '../code-hash.js';
import { artifacts, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';
import { benchmarkFolders } from './items.js';

export const report: Stage = {
  name: 'report',
  purpose: 'writes one HTML file: scores, losses, and the regions that were looked at',
  after: ['clean', 'tokens', 'train', 'items', 'infer', 'eval'],
  reads: (context) => ({ ...inputsOf(context), ...benchmarkFolders(context) }),
  parameters: ({ run, config: { data, checkpoint, init, models, train } }) => {
    const { python, ...training } = train;
    return { run, data, checkpoint, init, models, train: training };
  },
  tools: () => Promise.resolve(toolsOf('@flexattn/pipeline')),
  produce: async (context, out) => {
    const { writeReport } = await import('../report/node/write-report.js');
    return writeReport({
      ...inputsOf(context),
      run: context.run,
      config: context.config,
      root: context.workspace,
      page: artifacts(context, 'report'),
      out,
    });
  },
  show: (_, folder) => `report: ${folder}/index.html`,
};

function inputsOf(context: RunContext) {
  return {
    scores: artifacts(context, 'eval'),
    items: join(artifacts(context, 'items'), 'items.jsonl'),
    inferred: artifacts(context, 'infer'),
    cleanReport: join(artifacts(context, 'clean'), 'report.json'),
    tokens: artifacts(context, 'tokens'),
    training: artifacts(context, 'train'),
  };
}
