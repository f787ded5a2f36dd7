import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { linkOrCopy } from '@flexattn/stage';
import {
  ensurePythonEnvironment,
  interpreterOf,
  plannedLaunch,
  refusalOf,
  shellLine,
  train as trainModel,
  trainExternally,
  trainSettingsSchema,
  type PythonEnvironment,
  type TrainingPlan,
} from '@flexattn/train';
import { codeHash } from '../code-hash.js';
import type { ModelConfig } from '../config.js';
import { measureTraining } from '../report/node/training-measure.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';
import { trainingPlanText } from '../training-plan-text.js';

export const train: Stage<object, Record<string, TrainingPlan>> = {
  name: 'train',
  purpose: 'fine-tunes every trained model of the run from the same checkpoint on the same data',
  after: ['init', 'tokens'],
  reads: (context) => ({
    checkpoint: artifacts(context, 'init'),
    data: artifacts(context, 'tokens'),
    images: pathOf(context, context.config.data.images),
  }),
  parameters: ({ config: { train: settings, models } }) => {
    const { python, gpuMemoryGigabytes, launcher, rendezvous, slurm, ...rest } = settings; // how, not what
    return {
      ...rest,
      models: models
        .filter(({ trained }) => trained)
        .map((model) => ({ name: model.name, highres: isHighres(model) })),
    };
  },
  tools: async (context) => {
    const versions = isExternal(context) ? {} : (await trainingPython(context)).versions;
    return { ...versions, '@flexattn/train': codeHash('@flexattn/train') };
  },
  produce: async (context, out) => {
    const python = isExternal(context) ? '' : (await trainingPython(context)).python;
    const reports: Record<string, object> = {};
    for (const { model, alike } of trainings(context)) {
      const options = { ...planOf(context, model), out: join(out, model.name), python };
      const report = await measureTraining<object>(context.workspace, options.out, (onStep) =>
        isExternal(context) ? trainExternally(options) : trainModel({ ...options, onStep }),
      );
      for (const name of alike) await linkFolder(options.out, join(out, name));
      for (const name of [model.name, ...alike]) reports[name] = report;
    }
    return reports;
  },
  previewsPartly: true,
  preview: async (context) => {
    const plans: Record<string, TrainingPlan> = {};
    for (const { model } of trainings(context))
      plans[model.name] = await trainModel({ ...plannedRun(context, model), dryRun: true });
    return plans;
  },
  showPreview: (plans, { workspace }) =>
    trainingPlanText(plans, (text) => text.replaceAll(`${workspace}${sep}`, '')),
  refusalOf: (plans, context) => {
    const refusals = trainings(context).flatMap(({ model }) => {
      const plan = plans[model.name];
      return (plan && refusalOf(plan, plannedRun(context, model))) ?? [];
    });
    return refusals[0];
  },
  commandLines: (context) =>
    trainings(context)
      .map(({ model, alike }) => {
        const run = plannedRun(context, model);
        return `# ${[model.name, ...alike].join(', ')}\n${shellLine(plannedLaunch(run, trainSettingsSchema.parse(run.settings)))}`;
      })
      .join('\n'),
};

/** Another program trains: it needs no interpreter of ours. */
function isExternal({ config }: RunContext): boolean {
  return config.train.launcher === 'external';
}

/** Whether it sees anything in high resolution, which is all of a model that decides its training. */
function isHighres({ selection }: ModelConfig): boolean {
  return selection !== 'none';
}

/** A training, and the further models that it serves: they differ in what they choose to see when they answer. */
interface Training {
  model: ModelConfig;
  alike: string[];
}

/** What is to be trained, by the first model of those whose training is the same. */
function trainings({ config }: Pick<RunContext, 'config'>): Training[] {
  const byHighres = new Map<boolean, Training>();
  for (const model of config.models.filter(({ trained }) => trained)) {
    const training = byHighres.get(isHighres(model));
    if (training === undefined) byHighres.set(isHighres(model), { model, alike: [] });
    else training.alike.push(model.name);
  }
  return [...byHighres.values()];
}

/** The files of a folder under another name, without a second copy of the bytes. */
async function linkFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const target = join(to, relative(from, file));
    await mkdir(dirname(target), { recursive: true });
    await linkOrCopy(file, target);
  }
}

/** A training as it would end up: the stage itself writes beside and replaces what is there. */
function plannedRun(context: RunContext, model: ModelConfig) {
  const { config, workspace, python } = context;
  return {
    ...planOf(context, model),
    out: join(artifacts(context, 'train'), model.name),
    python: python ?? interpreterOf(environmentOf(workspace)),
    base: pathOf(context, config.checkpoint),
    report: join(artifacts(context, 'clean'), 'report.json'),
    gpuMemoryGigabytes: config.train.gpuMemoryGigabytes,
    replacesOut: true,
  };
}

/** The workspace's own virtual environment. */
const environmentOf = (workspace: string): string => join(workspace, '.flexattn', 'python');

/** The interpreter to train with: the run's own, or the workspace's virtual environment, made the first time. */
export function trainingPython(
  context: Pick<RunContext, 'workspace' | 'python' | 'quiet' | 'signal'>,
): Promise<PythonEnvironment> {
  const { workspace, python, quiet, signal } = context;
  return ensurePythonEnvironment({ dir: environmentOf(workspace), python, quiet, signal });
}

function planOf(context: RunContext, model: ModelConfig) {
  const { python, gpuMemoryGigabytes, launcher, rendezvous, slurm, command, ...settings } =
    context.config.train;
  const inWorkspace = (folder: string | null) => (folder === null ? null : pathOf(context, folder));
  return {
    name: model.name,
    launcher: { launcher, rendezvous, slurm, command },
    logs: join(artifacts(context, 'launch'), model.name),
    checkpoint: artifacts(context, 'init'),
    data: artifacts(context, 'tokens'),
    annotations: join(artifacts(context, 'clean'), 'annotations.json'),
    images: pathOf(context, context.config.data.images),
    settings: {
      ...settings,
      featureCacheFolder: inWorkspace(settings.featureCacheFolder),
      tensorboardFolder: inWorkspace(settings.tensorboardFolder),
      highres: isHighres(model),
    },
    states: join(context.workspace, '.flexattn', 'states', context.run, model.name),
    signal: context.signal,
    quiet: context.quiet,
  };
}
