import { EMBEDDINGS } from '../tensor-names.js';
import { weight } from './weights.js';
import type { GraphContext } from './context.js';

/** `embed`: ids [T] -> embeddings [T, hidden]. */
export function buildEmbedGraph(context: GraphContext): void {
  const { graph, geometry } = context;
  const ids = graph.input('ids', 'INT64', ['T']);
  const table = weight(context, EMBEDDINGS, [geometry.vocabSize, geometry.hiddenSize]);
  graph.output('embeddings', graph.node('Gather', [table, ids]), 'FLOAT', ['T', geometry.hiddenSize]);
}
