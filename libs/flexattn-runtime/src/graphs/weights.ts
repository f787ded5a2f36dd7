import type { TensorInfo } from '@flexattn/model-prep';
import { RuntimeError } from '../error.js';
import type { Geometry } from '../geometry.js';
import type { ElementType } from '../onnx/external-data.js';
import type { GraphBuilder, Value } from '../onnx/graph.js';
import type { QuantisedWeight } from '../quantise/layout.js';
import { quantisedLinear } from './quantised.js';

/** What every building block appends to and reads from. */
export interface GraphContext {
  graph: GraphBuilder;
  geometry: Geometry;
  /** The checkpoint's tensors by name, with their place in the weight files. */
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Those of them that are stored in fewer bits, by name. */
  quantised?: ReadonlyMap<string, QuantisedWeight>;
}

/** Dtypes of weights that we read, as ONNX element types. */
const ELEMENT_TYPES: Record<string, ElementType> = { F32: 'FLOAT', F16: 'FLOAT16', BF16: 'BFLOAT16' };

/**
 * The checkpoint's tensor `name` as 32-bit floats: an initialiser that points into its weight file, in the file's
 * own dtype, and a Cast behind it where that is not F32.
 *
 * @throws RuntimeError TENSOR_MISSING; TENSOR_SHAPE (expected and got); UNSUPPORTED_CONFIG for another dtype
 */
export function weight(context: GraphContext, name: string, shape: readonly number[]): Value {
  const { graph, tensors } = context;
  const info = tensors.get(name);
  if (info === undefined) {
    const hint = 'the checkpoint is incomplete, or its config.json describes another model';
    throw new RuntimeError('TENSOR_MISSING', 'the checkpoint has no such tensor', { item: name, hint });
  }
  if (info.shape.join() !== shape.join()) {
    const what = `expected shape [${shape.join(', ')}] from config.json, got [${info.shape.join(', ')}]`;
    throw new RuntimeError('TENSOR_SHAPE', what, { file: info.file, item: name });
  }
  const type = ELEMENT_TYPES[info.dtype];
  if (type === undefined) {
    const what = `expected a weight of dtype F32, F16 or BF16, got ${info.dtype}`;
    throw new RuntimeError('UNSUPPORTED_CONFIG', what, { file: info.file, item: name });
  }
  const place = { location: info.file, offset: info.byteOffset, length: info.byteLength };
  const value = graph.external(name, type, shape, place);
  return type === 'FLOAT' ? value : graph.node('Cast', [value], { to: FLOAT_CODE });
}

/** ONNX's numbers of element types, as the attribute `to` of Cast wants them. */
export const FLOAT_CODE = 1;
export const INT32_CODE = 6;
export const INT64_CODE = 7;

/** x [rows, from] times torch's `name.weight` [to, from] transposed, plus `name.bias` where there is one: [rows, to]. */
export function linear(context: GraphContext, name: string, x: Value, from: number, to: number): Value {
  const bias = context.tensors.has(`${name}.bias`) ? [weight(context, `${name}.bias`, [to])] : [];
  const quantised = context.quantised?.get(`${name}.weight`);
  if (quantised !== undefined) return quantisedLinear(context, quantised, x, ...bias);
  return context.graph.node('Gemm', [x, weight(context, `${name}.weight`, [to, from]), ...bias], {
    transB: 1,
  });
}
