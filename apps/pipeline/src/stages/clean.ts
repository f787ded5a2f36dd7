import { join } from 'node:path';
import { cleanDataset, formatCleanReport, type CleanReport } from '@flexattn/data-prep';
import { toolsOf } from '../code-hash.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import { cleanArrayLine, cleanInTasks, type CleanTasks } from '../slurm/clean-tasks.js';
import { arrayAskedFor } from '../slurm/array-flags.js';
import type { Stage } from '../stage.js';

export const clean: Stage<CleanReport> = {
  name: 'clean',
  purpose: 'cleans the raw annotations and checks every picture',
  after: [],
  reads: (context) => ({
    ...Object.fromEntries(
      annotationsOf(context).map((file, i) => [
        i === 0 ? 'annotations' : `annotations ${i + 1}`,
        pathOf(context, file),
      ]),
    ),
    images: pathOf(context, context.config.data.images),
  }),
  parameters: ({ config }) => config.clean,
  tools: () => Promise.resolve(toolsOf('@flexattn/data-prep')),
  produce: (context, out) =>
    context.array === undefined
      ? cleanDataset({ ...optionsOf(context), out })
      : cleanInTasks(tasksOf(context, out), context.array, context),
  preview: (context) =>
    cleanDataset({ ...optionsOf(context), out: artifacts(context, 'clean'), dryRun: true }),
  commandLines: (context) =>
    cleanArrayLine(tasksOf(context, artifacts(context, 'clean')), arrayAskedFor(context)),
  show: formatCleanReport,
};

/** The annotation files, merged in this order. */
function annotationsOf({ config }: RunContext): string[] {
  const { annotations } = config.data;
  return typeof annotations === 'string' ? [annotations] : annotations;
}

function tasksOf(context: RunContext, out: string): CleanTasks {
  const { annotations, images } = optionsOf(context);
  const sources = annotations.map((file) => ({ annotations: file, images }));
  return { sources, ...context.config.clean, out, folder: artifacts(context, 'tasks/clean') };
}

function optionsOf(context: RunContext) {
  const { config, signal, quiet, workspace } = context;
  const annotations = annotationsOf(context).map((file) => pathOf(context, file));
  const images = pathOf(context, config.data.images);
  // Beside the store: what a run has learnt about the pictures outlives its folder.
  const journal = join(workspace, '.flexattn', 'images.journal');
  return { annotations, images, ...config.clean, journal, signal, quiet };
}
