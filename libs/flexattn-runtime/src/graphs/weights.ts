import { RuntimeError } from '../error.js';
import type { ElementType } from '../onnx/external-data.js';
import type { Value } from '../onnx/graph.js';
import type { GraphContext } from './context.js';
import { quantisedLinear } from './quantised.js';

/** Element types that weights are stored in, and products computed in. */
export type FloatType = Extract<ElementType, 'FLOAT' | 'FLOAT16' | 'BFLOAT16'>;

/** Dtypes of weights that we read, as ONNX element types. */
export const FLOAT_TYPES: Readonly<Record<string, FloatType>> = {
  F32: 'FLOAT',
  F16: 'FLOAT16',
  BF16: 'BFLOAT16',
};

/**
 * The checkpoint's tensor `name` as 32-bit floats: an initialiser that points into its weight file, in the file's
 * own dtype, and a Cast behind it where that is not F32.
 *
 * @throws RuntimeError TENSOR_MISSING; TENSOR_SHAPE (expected and got); UNSUPPORTED_CONFIG for another dtype
 */
export function weight(context: GraphContext, name: string, shape: readonly number[]): Value {
  return weightAs(context, 'FLOAT', name, shape);
}

/** The same in another element type; in the file's own it is read as it is. */
export function weightAs(
  context: GraphContext,
  type: FloatType,
  name: string,
  shape: readonly number[],
): Value {
  const { graph } = context;
  const stored = storedWeight(context, name, shape);
  if (stored.type === type) return stored.value;
  return graph.shared(`${name} as ${type}`, () =>
    graph.node('Cast', [stored.value], { to: FLOAT_CODES[type] }),
  );
}

/** The checkpoint's tensor `name` as it lies in its file. */
export function storedWeight(
  { graph, tensors }: GraphContext,
  name: string,
  shape: readonly number[],
): { value: Value; type: FloatType } {
  const info = tensors.get(name);
  if (info === undefined) {
    const hint = 'the checkpoint is incomplete, or its config.json describes another model';
    throw new RuntimeError('TENSOR_MISSING', 'the checkpoint has no such tensor', { item: name, hint });
  }
  if (info.shape.join() !== shape.join()) {
    const what = `expected shape [${shape.join(', ')}] from config.json, got [${info.shape.join(', ')}]`;
    throw new RuntimeError('TENSOR_SHAPE', what, { file: info.file, item: name });
  }
  const type = FLOAT_TYPES[info.dtype];
  if (type === undefined) {
    const what = `expected a weight of dtype F32, F16 or BF16, got ${info.dtype}`;
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, { file: info.file, item: name });
  }
  const place = { location: info.file, offset: info.byteOffset, length: info.byteLength };
  return { value: graph.external(name, type, shape, place), type };
}

/** ONNX's numbers of element types, as the attribute `to` of Cast wants them. */
export const FLOAT_CODE = 1;
export const INT32_CODE = 6;
export const INT64_CODE = 7;
export const FLOAT_CODES: Readonly<Record<FloatType, number>> = {
  FLOAT: FLOAT_CODE,
  FLOAT16: 10,
  BFLOAT16: 16,
};

/** x [rows, from] times torch's `name.weight` [to, from] transposed, plus `name.bias` where there is one: [rows, to]. */
export function linear(context: GraphContext, name: string, x: Value, from: number, to: number): Value {
  const bias = context.tensors.has(`${name}.bias`) ? [weight(context, `${name}.bias`, [to])] : [];
  const quantised = context.quantised?.get(`${name}.weight`);
  if (quantised !== undefined) return quantisedLinear(context, quantised, x, ...bias);
  return context.graph.node('Gemm', [x, weight(context, `${name}.weight`, [to, from]), ...bias], {
    transB: 1,
  });
}
