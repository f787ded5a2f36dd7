import type { Value } from '../onnx/graph.js';
import { linear } from './weights.js';
import type { GraphContext } from './context.js';

/** LLaVA's two-layer projector with exact GELU: [rows, visionHidden] -> [rows, hidden]. */
export function projectFeatures(context: GraphContext, features: Value): Value {
  const { hiddenSize, vision } = context.geometry;
  const inner = linear(context, 'model.mm_projector.0', features, vision.hiddenSize, hiddenSize);
  return linear(context, 'model.mm_projector.2', context.graph.node('Gelu', [inner]), hiddenSize, hiddenSize);
}
