import type { Geometry } from '../geometry.js';
import { GraphBuilder } from '../onnx/graph.js';
import type { TensorInfo } from '@flexattn/model-prep';
import type { QuantisedWeight } from '../quantise/layout.js';
import { buildDecoderGraph } from './decoder.js';
import { buildEmbedGraph } from './embed.js';
import { buildVisionGraph } from './vision.js';
import type { GraphContext } from './weights.js';

/** The graphs of one model. */
export type GraphName = 'vision' | 'embed' | 'decoder';

/** Bytes of the ONNX files; weights are referred to, not held. */
export type ModelGraphs = Partial<Record<GraphName, Uint8Array>>;

/** The graphs of a model, and what they need. */
interface BuiltGraphs {
  graphs: ModelGraphs;
  /** Bytes that the weights which the graphs refer to take once they are loaded. */
  loadedBytes: number;
}

/**
 * All graphs of a model over the tensors of its checkpoint.
 *
 * @param quantised - weights that are stored in fewer bits
 * @throws RuntimeError TENSOR_MISSING, TENSOR_SHAPE, UNSUPPORTED_CONFIG
 */
export function buildModelGraphs(
  geometry: Geometry,
  tensors: ReadonlyMap<string, TensorInfo>,
  quantised: readonly QuantisedWeight[] = [],
): BuiltGraphs {
  const byName = new Map(quantised.map((weight) => [weight.name, weight]));
  const build = (name: GraphName, fill: (context: GraphContext) => void): Uint8Array => {
    const graph = new GraphBuilder(name);
    fill({ graph, geometry, tensors, quantised: byName });
    loadedBytes += graph.loadedBytes;
    return graph.toBytes();
  };
  let loadedBytes = 0;
  const graphs = {
    vision: build('vision', buildVisionGraph),
    embed: build('embed', buildEmbedGraph),
    decoder: build('decoder', buildDecoderGraph),
  };
  return { graphs, loadedBytes };
}
