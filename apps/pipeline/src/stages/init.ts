import { initialiseHighResProjections } from '@flexattn/model-prep';
import { toolsOf } from '../code-hash.js';
import { artifacts, pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';

export const init: Stage = {
  name: 'init',
  purpose: 'adds the high-resolution key and value projections to the checkpoint',
  after: [],
  reads: (context) => ({ checkpoint: pathOf(context, context.config.checkpoint) }),
  parameters: ({ config }) => ({ extra: config.init.extra }),
  tools: () => Promise.resolve(toolsOf('@flexattn/model-prep')),
  produce: (context, out) => initialise(context, out, false),
  preview: (context) => initialise(context, artifacts(context, 'init'), true),
};

function initialise(context: RunContext, out: string, dryRun: boolean) {
  const { config, fingerprints, signal } = context;
  const checkpoint = pathOf(context, config.checkpoint);
  const { extra } = config.init;
  return initialiseHighResProjections({ checkpoint, out, extra, fingerprints, signal, dryRun });
}
