import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { toolsOf } from '../code-hash.js';
import type { ModelConfig } from '../config.js';
import { artifacts, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';

export const compile: Stage = {
  name: 'compile',
  purpose: 'builds the ONNX graphs of every model over its untouched weights',
  after: ['init', 'train'],
  reads: (context) => ({ init: artifacts(context, 'init'), train: artifacts(context, 'train') }),
  parameters: ({ config: { models } }) => ({ models }),
  tools: () => Promise.resolve(toolsOf('@flexattn/flexattn-runtime')),
  produce: (context, out) => compileAll(context, (name) => join(out, name)),
  preview: (context) => compileAll(context, (name) => join(artifacts(context, 'compile'), name), true),
};

async function compileAll(
  context: RunContext,
  outOf: (name: string) => string,
  dryRun = false,
): Promise<object> {
  const { compileModel } = await import('@flexattn/flexattn-runtime');
  const reports: Record<string, object> = {};
  for (const model of context.config.models) {
    const checkpoint = checkpointOf(context, model);
    if (dryRun && !existsSync(checkpoint)) continue;
    const { name, trained, selectFromLayer, ...settings } = model;
    reports[name] = await compileModel({
      ...settings,
      firstSelectingLayer: selectFromLayer,
      checkpoint,
      out: outOf(name),
      fingerprints: context.fingerprints,
      signal: context.signal,
      dryRun,
    });
  }
  return reports;
}

/** The checkpoint that a model answers with. */
function checkpointOf(context: RunContext, { name, trained }: ModelConfig): string {
  return trained ? join(artifacts(context, 'train'), name) : artifacts(context, 'init');
}
