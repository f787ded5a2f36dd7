import { join } from 'node:path';
import { ensurePythonEnvironment, train as trainModel, type PythonEnvironment } from '@flexattn/train';
import { codeHash } from '../code-hash.js';
import type { ModelConfig } from '../config.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';

export const train: Stage = {
  name: 'train',
  purpose: 'fine-tunes every trained model of the run from the same checkpoint on the same data',
  after: ['init', 'tokens'],
  reads: (context) => ({
    checkpoint: artifacts(context, 'init'),
    data: artifacts(context, 'tokens'),
    images: pathOf(context, context.config.data.images),
  }),
  parameters: ({ config: { train: settings, models } }) => {
    const { python, ...rest } = settings;
    return {
      ...rest,
      models: models.filter(({ trained }) => trained).map(({ name, selection }) => ({ name, selection })),
    };
  },
  tools: async (context) => {
    const { versions } = await trainingPython(context);
    return { ...versions, '@flexattn/train': codeHash('@flexattn/train') };
  },
  produce: async (context, out) => {
    const { python } = await trainingPython(context);
    const reports: Record<string, object> = {};
    for (const model of context.config.models.filter(({ trained }) => trained)) {
      reports[model.name] = await trainModel({
        ...planOf(context, model),
        out: join(out, model.name),
        states: join(context.workspace, '.flexattn', 'states', context.run, model.name),
        python,
      });
    }
    return reports;
  },
  preview: async (context) => {
    const plans: Record<string, object> = {};
    for (const model of context.config.models.filter(({ trained }) => trained)) {
      const out = join(artifacts(context, 'train'), model.name);
      plans[model.name] = await trainModel({
        ...planOf(context, model),
        out,
        python: context.python ?? 'python3',
        dryRun: true,
      });
    }
    return plans;
  },
};

/** The interpreter to train with: the run's own, or the workspace's virtual environment, made the first time. */
export function trainingPython(
  context: Pick<RunContext, 'workspace' | 'python' | 'quiet' | 'signal'>,
): Promise<PythonEnvironment> {
  const { workspace, python, quiet, signal } = context;
  return ensurePythonEnvironment({ dir: join(workspace, '.flexattn', 'python'), python, quiet, signal });
}

function planOf(context: RunContext, model: ModelConfig) {
  const { python, ...settings } = context.config.train;
  return {
    name: model.name,
    checkpoint: artifacts(context, 'init'),
    data: artifacts(context, 'tokens'),
    images: pathOf(context, context.config.data.images),
    settings: { ...settings, highres: model.selection !== 'none' },
    signal: context.signal,
    quiet: context.quiet,
  };
}
