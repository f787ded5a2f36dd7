import { attendingLayers } from '../geometry.js';
import { projectHeads } from './attention.js';
import { rotate } from './rotary.js';
import type { GraphContext } from './weights.js';

/**
 * `highres`: the high-res keys and values of every layer above F (SPEC section 4), once per image. Any number of
 * tokens goes in, so a caller may project just those that were selected.
 *
 * In: highFeatures [N, hidden]; highCos, highSin [N, headDim], the enlarged tables.
 * Out per layer i: highK.i (rotated) and highV.i [KV, 1, N, headDim].
 */
export function buildHighresGraph(context: GraphContext): void {
  const { graph, geometry } = context;
  const { hiddenSize, headDim, kvHeads } = geometry;
  const features = graph.input('highFeatures', 'FLOAT', ['N', hiddenSize]);
  const cos = graph.input('highCos', 'FLOAT', ['N', headDim]);
  const sin = graph.input('highSin', 'FLOAT', ['N', headDim]);
  for (const layer of attendingLayers(geometry)) {
    const name = `model.layers.${layer}.self_attn`;
    const k = rotate(context, projectHeads(context, `${name}.k_proj_hd`, features, 1), { cos, sin });
    const v = projectHeads(context, `${name}.v_proj_hd`, features, 1);
    graph.output(`highK.${layer}`, k, 'FLOAT', [kvHeads, 1, 'N', headDim]);
    graph.output(`highV.${layer}`, v, 'FLOAT', [kvHeads, 1, 'N', headDim]);
  }
}
