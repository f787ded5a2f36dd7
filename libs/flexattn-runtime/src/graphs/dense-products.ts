import type { Value } from '../onnx/graph.js';
import { EMBEDDINGS, LANGUAGE_HEAD } from '../tensor-names.js';
import { FLOAT_CODE, FLOAT_CODES, FLOAT_TYPES, linear, storedWeight, weightAs } from './weights.js';
import type { GraphContext } from './context.js';
import type { FloatType } from './weights.js';

/**
 * What the blocks of a GPU's graphs share. Activations, norms, rotations and softmax are 32-bit floats; products with
 * weights, and keys and values, are of the type that the checkpoint stores, so that 16-bit weights are read as they are.
 */
export interface DenseContext extends GraphContext {
  /** Element type of products, keys and values. */
  type: FloatType;
}

/**
 * The type that a checkpoint's products are computed in on a GPU: that of its decoder's weights. Weights in fewer bits
 * are multiplied with 32-bit floats.
 */
export function productType({
  tensors,
  quantised,
  lacksBfloat16 = false,
}: Pick<GraphContext, 'tensors' | 'quantised' | 'lacksBfloat16'>): FloatType {
  const stored = tensors.get('model.layers.0.self_attn.q_proj.weight');
  if (stored === undefined || (quantised?.size ?? 0) > 0) return 'FLOAT';
  const type = FLOAT_TYPES[stored.dtype] ?? 'FLOAT';
  return type === 'BFLOAT16' && lacksBfloat16 ? 'FLOAT' : type;
}

/** 32-bit floats as the products' type. */
export function narrow({ graph, type }: DenseContext, x: Value): Value {
  return type === 'FLOAT' ? x : graph.node('Cast', [x], { to: FLOAT_CODES[type] });
}

/** The products' type as 32-bit floats. */
export function widen({ graph, type }: DenseContext, x: Value): Value {
  return type === 'FLOAT' ? x : graph.node('Cast', [x], { to: FLOAT_CODE });
}

/** x [rows, from] times torch's `name.weight` [to, from] transposed, plus `name.bias` where there is one; all of `type`. */
export function product(context: DenseContext, name: string, x: Value, from: number, to: number): Value {
  const { graph, tensors, type } = context;
  if (type === 'FLOAT') return linear(context, name, x, from, to);
  const matrix = weightAs(context, type, `${name}.weight`, [to, from]);
  const bias = tensors.has(`${name}.bias`) ? [weightAs(context, type, `${name}.bias`, [to])] : [];
  return graph.node('Gemm', [x, matrix, ...bias], { transB: 1 });
}

/** Embeddings [rows, hidden] of token ids [rows], as 32-bit floats; only the rows asked for are widened. */
export function embedTokens(context: GraphContext, ids: Value): Value {
  const { graph, geometry } = context;
  const table = storedWeight(context, EMBEDDINGS, [geometry.vocabSize, geometry.hiddenSize]);
  const rows = graph.node('Gather', [table.value, ids]);
  return table.type === 'FLOAT' ? rows : graph.node('Cast', [rows], { to: FLOAT_CODE });
}

/** The language head: x [R, hidden] of `type` -> logits [R, vocab], 32-bit floats. */
export function languageHead(context: DenseContext, x: Value): Value {
  const { graph, geometry, type } = context;
  const { hiddenSize, vocabSize, tiedEmbeddings } = geometry;
  if (!tiedEmbeddings || context.quantised?.has(LANGUAGE_HEAD) === true)
    return widen(context, product(context, 'lm_head', x, hiddenSize, vocabSize));
  const table = weightAs(context, type, EMBEDDINGS, [vocabSize, hiddenSize]);
  return widen(context, graph.node('Gemm', [x, table], { transB: 1 }));
}
