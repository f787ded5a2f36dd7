import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { openCheckpoint } from '@flexattn/model-prep';
import { describe, expect, it } from 'vitest';
import { geometryOf, SELECTIONS } from '../geometry.js';
import type { Selection } from '../geometry.js';
import { ModelProtoSchema, TensorProto_DataLocation } from '../onnx/onnx_pb.js';
import type { GraphProto } from '../onnx/onnx_pb.js';
import { buildModelGraphs } from './model-graphs.js';

const GOLDEN = join(import.meta.dirname, '../../golden');

/** What ONNX Runtime has CUDA kernels for, by its docs/OperatorKernels.md; `Shape` counts on the host, as it must. */
const CUDA_KERNELS = new Set([
  ...['Add', 'ArgMax', 'Cast', 'Concat', 'Div', 'Equal', 'Expand', 'Gather', 'Gemm', 'Greater', 'Identity'],
  ...['Loop', 'MatMul', 'Mul', 'Not', 'QuickGelu', 'RMSNormalization', 'ReduceMax', 'ReduceMin', 'ReduceSum'],
  ...['Reshape', 'RotaryEmbedding', 'ScatterND', 'Shape', 'Slice', 'Softmax', 'Split', 'Squeeze', 'Sub'],
  ...['Transpose', 'Unsqueeze', 'Where'],
]);

async function loopGraph(name: string, selection: Selection): Promise<GraphProto | undefined> {
  const dir = join(GOLDEN, name);
  const { config, tensors } = await openCheckpoint(dir);
  const { graphs } = buildModelGraphs(geometryOf(config, { selection }, dir), tensors, ['loop']);
  return fromBinary(ModelProtoSchema, graphs.loop ?? new Uint8Array()).graph;
}

/** The loop's body. */
const bodyOf = (graph: GraphProto | undefined) =>
  graph?.node.find(({ opType }) => opType === 'Loop')?.attribute.find(({ name }) => name === 'body')?.g;

describe('the loop graph', () => {
  it.each(SELECTIONS)(
    'has only operators that run on CUDA and wait for nothing: selection %s',
    async (selection) => {
      for (const name of ['grouped-heads', 'half-precision']) {
        const graph = await loopGraph(name, selection);
        const nodes = [...(graph?.node ?? []), ...(bodyOf(graph)?.node ?? [])];
        expect(nodes.length).toBeGreaterThan(100);
        expect(nodes.map(({ opType }) => opType).filter((type) => !CUDA_KERNELS.has(type))).toEqual([]);
      }
    },
  );

  it('hands on what grows behind the stem, reads everything else where it lies, and widens no weight', async () => {
    const graph = await loopGraph('half-precision', 'attention');
    const body = bodyOf(graph);
    const layers = 3;
    // The round, the condition, the token, and keys and values of every layer.
    expect(body?.input).toHaveLength(3 + 2 * layers);
    expect(body?.initializer).toEqual([]);
    const weights = new Set(
      graph?.initializer
        .filter(({ dataLocation }) => dataLocation === TensorProto_DataLocation.EXTERNAL)
        .map(({ name }) => name),
    );
    const cast = [...(graph?.node ?? []), ...(body?.node ?? [])].filter(({ opType }) => opType === 'Cast');
    const widened = cast.flatMap(({ input }) => input).filter((name) => weights.has(name));
    expect(widened.length).toBeGreaterThan(0);
    expect(widened.filter((name) => !name.includes('norm'))).toEqual([]);
  });
});
