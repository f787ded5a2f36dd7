import { join } from 'node:path';
import { cleanDataset, formatCleanReport, type CleanReport } from '@flexattn/data-prep';
import { toolsOf } from '../code-hash.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';

export const clean: Stage<CleanReport> = {
  name: 'clean',
  purpose: 'cleans the raw annotations and checks every picture',
  after: [],
  reads: (context) => sourcesOf(context),
  parameters: ({ config }) => config.clean,
  tools: () => Promise.resolve(toolsOf('@flexattn/data-prep')),
  produce: (context, out) => cleanDataset({ ...optionsOf(context), out }),
  preview: (context) =>
    cleanDataset({ ...optionsOf(context), out: artifacts(context, 'clean'), dryRun: true }),
  show: formatCleanReport,
};

function sourcesOf(context: RunContext): { annotations: string; images: string } {
  const { annotations, images } = context.config.data;
  return { annotations: pathOf(context, annotations), images: pathOf(context, images) };
}

function optionsOf(context: RunContext) {
  const { config, signal, quiet, workspace } = context;
  // Beside the store: what a run has learnt about the pictures outlives its folder.
  const journal = join(workspace, '.flexattn', 'images.journal');
  return { ...sourcesOf(context), ...config.clean, journal, signal, quiet };
}
