import type { TensorInfo } from '@flexattn/model-prep';
import type { Geometry } from '../geometry.js';
import type { GraphBuilder } from '../onnx/graph.js';
import type { QuantisedWeight } from '../quantise/layout.js';

/** What every building block appends to and reads from. */
export interface GraphContext {
  graph: GraphBuilder;
  geometry: Geometry;
  /** The checkpoint's tensors by name, with their place in the weight files. */
  tensors: ReadonlyMap<string, TensorInfo>;
  /** Those of them that are stored in fewer bits, by name. */
  quantised?: ReadonlyMap<string, QuantisedWeight>;
  /** The device multiplies no bfloat16: such weights are widened. */
  lacksBfloat16?: boolean;
  /** For graphs of devices: it computes with float16, so that weights of 16 bits need not be widened. */
  hasFloat16?: boolean;
}
