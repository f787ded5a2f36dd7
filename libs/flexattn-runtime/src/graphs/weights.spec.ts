import type { TensorInfo } from '@flexattn/model-prep';
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import type { Geometry } from '../geometry.js';
import { GraphBuilder } from '../onnx/graph.js';
import { ModelProtoSchema } from '../onnx/onnx_pb.js';
import { linear, weight } from './weights.js';

const info = (name: string, dtype: TensorInfo['dtype'], shape: number[]): TensorInfo => ({
  name,
  dtype,
  shape,
  file: 'model.safetensors',
  byteOffset: 80,
  byteLength: 24,
});

function context(...tensors: TensorInfo[]) {
  const graph = new GraphBuilder('test');
  const all = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const ops = () => fromBinary(ModelProtoSchema, graph.toBytes()).graph?.node.map((node) => node.opType);
  return { parts: { graph, tensors: all, geometry: {} as Geometry }, ops };
}

describe('weight', () => {
  it.each([
    ['F32', []],
    ['F16', ['Cast']],
    ['BF16', ['Cast']],
  ] as const)('reads %s, with a cast where it is no 32-bit float', (dtype, expected) => {
    const { parts, ops } = context(info('w', dtype, [2, 3]));
    weight(parts, 'w', [2, 3]);
    expect(ops()).toEqual(expected);
  });

  it('refuses a tensor that is missing, has another shape or another dtype', () => {
    const { parts } = context(info('w', 'F32', [3, 2]), info('i', 'I64', [2]));
    expect(() => weight(parts, 'v', [2, 3])).toThrow('v: the checkpoint has no such tensor');
    expect(() => weight(parts, 'w', [2, 3])).toThrow(
      'model.safetensors[w]: expected shape [2, 3] from config.json, got [3, 2]',
    );
    expect(() => weight(parts, 'i', [2])).toThrow('expected a weight of dtype F32, F16 or BF16, got I64');
  });
});

describe('linear', () => {
  it("adds the layer's bias where the checkpoint has one", () => {
    const { parts } = context(
      info('a.weight', 'F32', [2, 3]),
      info('b.weight', 'F32', [2, 3]),
      info('b.bias', 'F32', [2]),
    );
    const x = parts.graph.input('x', 'FLOAT', ['rows', 3]);
    for (const name of ['a', 'b']) linear(parts, name, x, 3, 2);
    const nodes = fromBinary(ModelProtoSchema, parts.graph.toBytes()).graph?.node ?? [];
    expect(nodes.map((node) => node.input)).toEqual([
      ['x', 'a.weight'],
      ['x', 'b.weight', 'b.bias'],
    ]);
  });
});
