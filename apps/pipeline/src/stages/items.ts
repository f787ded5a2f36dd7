import { dirname } from 'node:path';
import { writeItems } from '@flexattn/eval';
import { toolsOf } from '../code-hash.js';
import { pathOf, type RunContext } from '../run-context.js';
import type { Stage } from '../stage.js';

/** Written apart from the answers, so that a change of scoring code asks no model again. */
export const items: Stage = {
  name: 'items',
  purpose: 'writes the prompt and the picture of every benchmark item',
  after: [],
  reads: (context) => benchmarkFolders(context),
  parameters: ({ config }) => ({ benchmarks: config.eval.benchmarks }),
  tools: () => Promise.resolve(toolsOf('@flexattn/eval')),
  produce: (context, out) => writeItems({ ...benchmarksOf(context), out }),
};

/** The benchmarks' folders by name: that of the file for a JSON lines file, whose pictures lie there; modules too. */
export function benchmarkFolders(context: RunContext): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context.config.eval.benchmarks).flatMap(
      ([name, { path, module, metric }]): [string, string][] => {
        const folder = module === undefined && metric !== undefined ? dirname(path) : path;
        const data: [string, string] = [`benchmark ${name}`, pathOf(context, folder)];
        return module === undefined ? [data] : [data, [`module of ${name}`, pathOf(context, module)]];
      },
    ),
  );
}

/** What the eval lib is told of a run's benchmarks. */
export function benchmarksOf(context: RunContext) {
  return { root: context.workspace, benchmarks: context.config.eval.benchmarks, signal: context.signal };
}
