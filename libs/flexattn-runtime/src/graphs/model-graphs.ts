import type { Geometry } from '../geometry.js';
import { GraphBuilder } from '../onnx/graph.js';
import type { TensorInfo } from '@flexattn/model-prep';
import type { QuantisedWeight } from '../quantise/layout.js';
import { buildDecoderGraph } from './decoder.js';
import { buildHighGraph } from './device-high.js';
import { buildStepGraph } from './device-step.js';
import { buildEmbedGraph } from './embed.js';
import { buildLoopGraph } from './greedy-loop.js';
import { buildPlainVisionGraph, buildVisionGraph } from './vision.js';
import type { GraphContext } from './context.js';

const BUILDERS = {
  vision: buildVisionGraph,
  embed: buildEmbedGraph,
  decoder: buildDecoderGraph,
  loop: buildLoopGraph,
  plainVision: buildPlainVisionGraph,
  high: buildHighGraph,
  step: buildStepGraph,
} satisfies Record<string, (context: GraphContext) => void>;

/** The graphs of one model. */
export type GraphName = keyof typeof BUILDERS;

/**
 * What a model is run by: `steps`, one graph a step over state that JavaScript holds, or `loop`, the whole answer as one
 * graph, for devices whose tensors JavaScript cannot hold, or `device`, one graph a step over state that lies on the
 * device and that JavaScript only points to.
 */
export const GRAPH_SETS = {
  steps: ['vision', 'embed', 'decoder'],
  loop: ['vision', 'loop'],
  device: ['plainVision', 'high', 'step'],
} as const satisfies Record<string, readonly GraphName[]>;
export type GraphSet = keyof typeof GRAPH_SETS;

/** Bytes of the ONNX files; weights are referred to, not held. */
export type ModelGraphs = Partial<Record<GraphName, Uint8Array>>;

/** Bytes of the weights that a graph refers to: as they lie in their files, and widened to 32 bits where they are floats of 16. */
export interface WeightBytes {
  stored: number;
  loaded: number;
}

/** Graphs of a model, and what they need. */
interface BuiltGraphs {
  graphs: ModelGraphs;
  weightBytes: Partial<Record<GraphName, WeightBytes>>;
}

/** How graphs are built. */
export interface BuildOptions extends Pick<GraphContext, 'lacksBfloat16' | 'hasFloat16'> {
  /** Weights that are stored in fewer bits. */
  quantised?: readonly QuantisedWeight[];
}

/**
 * Graphs of a model over the tensors of its checkpoint.
 *
 * @throws RuntimeError TENSOR_MISSING, TENSOR_SHAPE, UNSUPPORTED_CONFIG
 */
export function buildModelGraphs(
  geometry: Geometry,
  tensors: ReadonlyMap<string, TensorInfo>,
  names: readonly GraphName[],
  { quantised = [], ...options }: BuildOptions = {},
): BuiltGraphs {
  const byName = new Map(quantised.map((weight) => [weight.name, weight]));
  const built: BuiltGraphs = { graphs: {}, weightBytes: {} };
  for (const name of names) {
    const graph = new GraphBuilder(name);
    BUILDERS[name]({ graph, geometry, tensors, quantised: byName, ...options });
    built.graphs[name] = graph.toBytes();
    built.weightBytes[name] = graph.weightBytes;
  }
  return built;
}

/** Every graph of every set, once. */
export const ALL_GRAPHS: readonly GraphName[] = [...new Set(Object.values(GRAPH_SETS).flat())];
