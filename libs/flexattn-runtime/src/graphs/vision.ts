import type { GraphContext } from './context.js';
import { clipFeatures, plainAttention } from './clip.js';
import { projectFeatures } from './projector.js';

/** `vision`: pixelValues [B, 3, s, s] -> features [B * L, hidden] behind the projector (SPEC section 2, step 5). */
export function buildVisionGraph(context: GraphContext, attend?: typeof plainAttention): void {
  const { graph, geometry } = context;
  const side = geometry.lowresSize;
  const pixelValues = graph.input('pixelValues', 'FLOAT', ['B', 3, side, side]);
  const features = projectFeatures(context, clipFeatures(context, pixelValues, attend));
  graph.output('features', features, 'FLOAT', ['rows', geometry.hiddenSize]);
}

/** `plainVision`: the same for WebGPU, whose fused attention cannot be relied on. */
export function buildPlainVisionGraph(context: GraphContext): void {
  buildVisionGraph(context, plainAttention);
}
