import type { GraphContext } from './weights.js';
import type { Value } from '../onnx/graph.js';

/** Rows of the rotary tables, [rows, headDim] each. */
export interface RotaryTables {
  cos: Value;
  sin: Value;
}

/** Rotary position embedding (SPEC section 3): x [..., rows, headDim] -> x * cos + rotate_half(x) * sin. */
export function rotate({ graph }: GraphContext, x: Value, { cos, sin }: RotaryTables): Value {
  const [first = '', second = ''] = graph.nodes('Split', [x], 2, { axis: -1, num_outputs: 2 });
  const half = graph.node('Concat', [graph.node('Neg', [second]), first], { axis: -1 });
  return graph.node('Add', [graph.node('Mul', [x, cos]), graph.node('Mul', [half, sin])]);
}
