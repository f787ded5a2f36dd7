import type { GraphContext } from './context.js';
import type { Value } from '../onnx/graph.js';

/** Rotary tables of some rows, [1, rows, headDim / 2] each: the halves of a head's channels share them. */
export interface RotaryTables {
  cos: Value;
  sin: Value;
}

/**
 * Rotary position embedding (SPEC section 3): x * cos + rotate_half(x) * sin.
 *
 * @param x - [rows, heads * headDim]
 * @returns [1, rows, heads * headDim]
 */
export function rotate({ graph }: GraphContext, x: Value, heads: number, tables: RotaryTables): Value {
  const batch = graph.node('Unsqueeze', [x, graph.ints([0])]);
  return graph.node('RotaryEmbedding', [batch, tables.cos, tables.sin], { num_heads: heads });
}
