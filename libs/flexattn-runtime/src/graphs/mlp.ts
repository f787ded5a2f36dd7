import { float } from '../onnx/messages.js';
import type { Value } from '../onnx/graph.js';
import { linear, weight } from './weights.js';
import type { GraphContext } from './context.js';

/** LLaMA's root-mean-square norm of x [rows, hidden] with the weight `name`. */
export function rmsNorm(context: GraphContext, name: string, x: Value): Value {
  const { graph, geometry } = context;
  const scale = weight(context, name, [geometry.hiddenSize]);
  return graph.node('RMSNormalization', [x, scale], { axis: -1, epsilon: float(geometry.normEpsilon) });
}

/** LLaMA's gated MLP: x [rows, hidden] -> down(silu(gate(x)) * up(x)). */
export function gatedMlp(context: GraphContext, name: string, x: Value): Value {
  const { graph, geometry } = context;
  const { hiddenSize, intermediateSize } = geometry;
  const gate = linear(context, `${name}.gate_proj`, x, hiddenSize, intermediateSize);
  const up = linear(context, `${name}.up_proj`, x, hiddenSize, intermediateSize);
  const silu = graph.fused('QuickGelu', [gate], { alpha: float(1) });
  return linear(context, `${name}.down_proj`, graph.node('Mul', [silu, up]), intermediateSize, hiddenSize);
}
