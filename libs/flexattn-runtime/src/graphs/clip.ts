import { float } from '../onnx/messages.js';
import type { Value } from '../onnx/graph.js';
import { linear, weight } from './weights.js';
import type { GraphContext } from './context.js';

const TOWER = 'model.vision_tower.vision_tower.vision_model';

/**
 * CLIP's features of pictures (SPEC section 2, step 5): hidden state before the last layer, class token dropped.
 * The last layer and the final norm are never computed.
 *
 * @param pixelValues - [B, 3, s, s], normalised
 * @param attend - fused, or written out as products
 * @returns [B * L, visionHidden], pictures one after another
 */
export function clipFeatures(
  context: GraphContext,
  pixelValues: Value,
  attend: PlaceAttention = fusedAttention,
): Value {
  const { graph, geometry } = context;
  const { hiddenSize, layers } = geometry.vision;
  let x = embedPatches(context, pixelValues);
  for (let layer = 0; layer < layers - 1; layer++)
    x = encoderLayer(context, `${TOWER}.encoder.layers.${layer}`, x, attend);
  const last = graph.ints([Number.MAX_SAFE_INTEGER]);
  const patches = graph.node('Slice', [x, graph.ints([1]), last, graph.ints([1])]);
  return graph.node('Reshape', [patches, graph.ints([-1, hiddenSize])]);
}

/**
 * Patches, class token in front, learned positions, first norm: [B, 1 + L, visionHidden]. The patches are a plain
 * product: ONNX Runtime's convolution sums in another order for another number of threads.
 */
function embedPatches(context: GraphContext, pixelValues: Value): Value {
  const { graph, geometry } = context;
  const { hiddenSize, patchSize } = geometry.vision;
  const places = geometry.size ** 2;
  const kernel = weight(context, `${TOWER}.embeddings.patch_embedding.weight`, [
    hiddenSize,
    3,
    patchSize,
    patchSize,
  ]);
  const flat = graph.node('Reshape', [kernel, graph.ints([hiddenSize, 3 * patchSize ** 2])]);
  const pixels = patchPixels(context, pixelValues);
  const patches = graph.node('Reshape', [
    graph.node('Gemm', [pixels, flat], { transB: 1 }),
    graph.ints([-1, places, hiddenSize]),
  ]);
  const token = weight(context, `${TOWER}.embeddings.class_embedding`, [hiddenSize]);
  const batch = graph.node('Shape', [pixelValues], { start: 0, end: 1 });
  const shape = graph.node('Concat', [batch, graph.ints([1, hiddenSize])], { axis: 0 });
  const tokens = graph.node('Concat', [graph.node('Expand', [token, shape]), patches], { axis: 1 });
  const positions = weight(context, `${TOWER}.embeddings.position_embedding.weight`, [
    places + 1,
    hiddenSize,
  ]);
  return layerNorm(context, `${TOWER}.pre_layrnorm`, graph.node('Add', [tokens, positions]));
}

/** pixelValues [B, 3, s, s] -> the pixels of every patch, [B * L, 3 * patchSize^2], in the order of the kernel's. */
function patchPixels({ graph, geometry }: GraphContext, pixelValues: Value): Value {
  const { size, vision } = geometry;
  const { patchSize } = vision;
  const split = graph.node('Reshape', [pixelValues, graph.ints([-1, 3, size, patchSize, size, patchSize])]);
  const byPatch = graph.node('Transpose', [split], { perm: [0, 2, 4, 1, 3, 5] });
  return graph.node('Reshape', [byPatch, graph.ints([-1, 3 * patchSize ** 2])]);
}

function encoderLayer(context: GraphContext, name: string, x: Value, attend: PlaceAttention): Value {
  const { graph, geometry } = context;
  const { hiddenSize, intermediateSize } = geometry.vision;
  const project = (part: string, input: Value, from: number, to: number) =>
    linear(context, `${name}.${part}`, input, from, to);
  const normed = rowsOf(context, layerNorm(context, `${name}.layer_norm1`, x));
  const [q = '', k = '', v = ''] = ['q', 'k', 'v'].map((part) =>
    picturesOf(context, project(`self_attn.${part}_proj`, normed, hiddenSize, hiddenSize)),
  );
  const mixed = rowsOf(context, attend(context, q, k, v));
  const out = project('self_attn.out_proj', mixed, hiddenSize, hiddenSize);
  const attended = graph.node('Add', [x, picturesOf(context, out)]);
  const inner = project(
    'mlp.fc1',
    rowsOf(context, layerNorm(context, `${name}.layer_norm2`, attended)),
    hiddenSize,
    intermediateSize,
  );
  const activated = graph.fused('QuickGelu', [inner], { alpha: float(QUICK_GELU) });
  const widened = project('mlp.fc2', activated, intermediateSize, hiddenSize);
  return graph.node('Add', [attended, picturesOf(context, widened)]);
}

/** Every place attends to every place of its picture: q, k, v [B, 1 + L, c] -> [B, 1 + L, c]. */
type PlaceAttention = (context: GraphContext, q: Value, k: Value, v: Value) => Value;

const fusedAttention: PlaceAttention = ({ graph, geometry }, q, k, v) =>
  graph.fused('MultiHeadAttention', [q, k, v], { num_heads: geometry.vision.heads });

/** Written out as products: on WebGPU's software driver the fused kernel is wrong for more than 16 rows. */
export function plainAttention({ graph, geometry }: GraphContext, q: Value, k: Value, v: Value): Value {
  const { hiddenSize, heads } = geometry.vision;
  const rows = geometry.size ** 2 + 1;
  const shape = graph.ints([-1, rows, heads, hiddenSize / heads]);
  const byHead = (x: Value, perm: readonly number[]) =>
    graph.node('Transpose', [graph.node('Reshape', [x, shape])], { perm });
  const scaled = graph.node('Mul', [q, graph.floats([1 / Math.sqrt(hiddenSize / heads)])]);
  const scores = graph.node('MatMul', [byHead(scaled, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1])]);
  const weights = graph.node('Softmax', [scores], { axis: -1 });
  const mixed = graph.node('MatMul', [weights, byHead(v, [0, 2, 1, 3])]);
  const merged = graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] });
  return graph.node('Reshape', [merged, graph.ints([-1, rows, hiddenSize])]);
}

/** Slope of CLIP's quick GELU: x * sigmoid(1.702 x). */
const QUICK_GELU = 1.702;

function layerNorm(context: GraphContext, name: string, x: Value): Value {
  const { hiddenSize, normEpsilon } = context.geometry.vision;
  const scale = weight(context, `${name}.weight`, [hiddenSize]);
  const bias = weight(context, `${name}.bias`, [hiddenSize]);
  return context.graph.node('LayerNormalization', [x, scale, bias], {
    axis: -1,
    epsilon: float(normEpsilon),
  });
}

/** [B, 1 + L, c] -> [B * (1 + L), c], as Gemm wants it. */
function rowsOf({ graph, geometry }: GraphContext, x: Value): Value {
  return graph.node('Reshape', [x, graph.ints([-1, geometry.vision.hiddenSize])]);
}

/** [B * (1 + L), c] -> [B, 1 + L, c]. */
function picturesOf({ graph, geometry }: GraphContext, x: Value): Value {
  return graph.node('Reshape', [x, graph.ints([-1, geometry.size ** 2 + 1, geometry.vision.hiddenSize])]);
}
