import { float } from '../onnx/messages.js';
import type { Value } from '../onnx/graph.js';
import { mergeHeads } from './attention.js';
import { narrow, product, widen } from './dense-products.js';
import type { DenseContext } from './dense-products.js';
import { rmsNorm } from './mlp.js';

/** The normed rows that a layer's attention reads: x [rows, hidden] -> [rows, hidden] of the products' type. */
export function layerInput(context: DenseContext, layer: number, x: Value): Value {
  return narrow(context, rmsNorm(context, `model.layers.${layer}.input_layernorm.weight`, x));
}

/**
 * What follows the attention in a LLaMA layer: output projection, gated MLP, and both residuals.
 *
 * @param x - the rows that went into the layer, [rows, hidden], 32-bit floats
 * @param attended - [KV, G, rows, headDim] of the products' type
 * @returns [rows, hidden], 32-bit floats
 */
export function finishLayer(context: DenseContext, layer: number, x: Value, attended: Value): Value {
  const { graph, geometry } = context;
  const { hiddenSize, intermediateSize, heads, headDim } = geometry;
  const name = `model.layers.${layer}`;
  const merged = mergeHeads(context, attended);
  const mixed = product(context, `${name}.self_attn.o_proj`, merged, heads * headDim, hiddenSize);
  const residual = graph.node('Add', [x, widen(context, mixed)]);
  const h = narrow(context, rmsNorm(context, `${name}.post_attention_layernorm.weight`, residual));
  const gate = product(context, `${name}.mlp.gate_proj`, h, hiddenSize, intermediateSize);
  const up = product(context, `${name}.mlp.up_proj`, h, hiddenSize, intermediateSize);
  const silu = graph.fused('QuickGelu', [gate], { alpha: float(1) });
  const inner = graph.node('Mul', [silu, up]);
  const down = product(context, `${name}.mlp.down_proj`, inner, intermediateSize, hiddenSize);
  return graph.node('Add', [residual, widen(context, down)]);
}
