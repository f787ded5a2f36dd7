import { projectAllHigh } from './dense-high-key-values.js';
import { deviceContext } from './device-context.js';
import type { GraphContext } from './context.js';

/**
 * `high`: keys and values of all high-res tokens, once a picture and place (SPEC section 3).
 *
 * In: features [N, hidden]; cos, sin [1, N, headDim / 2], in the same order. Out: per layer above F highKT.i, highV.i.
 */
export function buildHighGraph(base: GraphContext): void {
  const context = deviceContext(base);
  const { graph, geometry, type } = context;
  const { hiddenSize, headDim, kvHeads } = geometry;
  const features = graph.input('features', 'FLOAT', ['N', hiddenSize]);
  const cos = graph.input('cos', 'FLOAT', [1, 'N', headDim / 2]);
  const sin = graph.input('sin', 'FLOAT', [1, 'N', headDim / 2]);
  for (const [layer, { kT, v }] of projectAllHigh(context, features, { cos, sin })) {
    graph.output(`highKT.${layer}`, kT, type, [kvHeads, 1, headDim, 'N']);
    graph.output(`highV.${layer}`, v, type, [kvHeads, 1, 'N', headDim]);
  }
}
