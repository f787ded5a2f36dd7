import { join } from 'node:path';
import { toolsOf } from '../code-hash.js';
import { artifacts } from '../run-context.js';
import type { Stage } from '../stage.js';
import { benchmarkFolders } from './items.js';

export const infer: Stage = {
  name: 'infer',
  purpose: 'answers every benchmark item with every model',
  after: ['compile', 'items'],
  reads: (context) => ({
    models: artifacts(context, 'compile'),
    items: artifacts(context, 'items'),
    ...benchmarkFolders(context),
  }),
  parameters: ({ config }) => ({ ...config.infer, models: config.models.map(({ name }) => name) }),
  tools: () => Promise.resolve(toolsOf('@flexattn/flexattn-runtime')),
  produce: async (context, out) => {
    const { config, workspace, signal, quiet } = context;
    const { inferItems } = await import('@flexattn/flexattn-runtime');
    const reports: Record<string, object> = {};
    for (const { name } of config.models) {
      reports[name] = await inferItems({
        model: join(artifacts(context, 'compile'), name),
        items: join(artifacts(context, 'items'), 'items.jsonl'),
        root: workspace,
        out: join(out, `${name}.jsonl`),
        threads: config.infer.threads,
        signal,
        quiet,
      });
    }
    return reports;
  },
};
