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

/** The benchmarks' folders by name. */
export function benchmarkFolders(context: RunContext): Record<string, string> {
  return Object.fromEntries(
    Object.entries(context.config.eval.benchmarks).map(([name, { path }]) => [
      `benchmark ${name}`,
      pathOf(context, path),
    ]),
  );
}

/** What the eval lib is told of a run's benchmarks. */
export function benchmarksOf(context: RunContext) {
  return { root: context.workspace, benchmarks: context.config.eval.benchmarks, signal: context.signal };
}
