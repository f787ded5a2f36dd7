import { fromBinary } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graph.js';
import { float } from './messages.js';
import { ModelProtoSchema, TensorProto_DataLocation } from './onnx_pb.js';

function build(): Uint8Array {
  const graph = new GraphBuilder('sum');
  const x = graph.input('x', 'FLOAT', ['rows', 3]);
  const w = graph.external('w', 'FLOAT16', [2, 3], { location: 'a.safetensors', offset: 96, length: 12 });
  graph.external('w', 'FLOAT16', [2, 3], { location: 'a.safetensors', offset: 96, length: 12 });
  const y = graph.node('Gemm', [x, w], { transB: 1, alpha: float(1), kind: 'text', axes: [0, 1] });
  graph.output('y', graph.fused('QuickGelu', [graph.node('Add', [y, graph.floats([1, 2])])]), 'FLOAT', [
    'rows',
    2,
  ]);
  graph.ints([7]);
  graph.ints([7]);
  return graph.toBytes();
}

describe('GraphBuilder', () => {
  const model = fromBinary(ModelProtoSchema, build());

  it('gives the same bytes for the same calls', () => {
    expect(build()).toEqual(build());
  });

  it('counts what it loads from other files: 16-bit floats as 32 bits, everything once', () => {
    const graph = new GraphBuilder('sizes');
    const place = { location: 'a.bin', offset: 0 };
    graph.external('half', 'BFLOAT16', [2, 3], { ...place, length: 12 });
    expect(graph.weightBytes).toEqual({ stored: 12, loaded: 24 });
    graph.external('half', 'BFLOAT16', [2, 3], { ...place, length: 12 });
    graph.external('whole', 'FLOAT', [2], { ...place, length: 8 });
    graph.external('bits', 'UINT8', [5], { ...place, length: 5 });
    graph.floats([1, 2]);
    expect(graph.weightBytes).toEqual({ stored: 12 + 8 + 5, loaded: 24 + 8 + 5 });
  });

  it('names dynamic dimensions and keeps fixed ones', () => {
    const shape = model.graph?.input[0]?.type?.value.value?.shape?.dim.map((dim) => dim.value.value);
    expect(shape).toEqual(['rows', 3n]);
  });

  it('declares an external initialiser once, with its place in the file', () => {
    const external =
      model.graph?.initializer.filter(
        (tensor) => tensor.dataLocation === TensorProto_DataLocation.EXTERNAL,
      ) ?? [];
    expect(external.map((tensor) => [tensor.name, tensor.dataType, tensor.dims])).toEqual([
      ['w', 10, [2n, 3n]],
    ]);
    expect(external[0]?.externalData.map(({ key, value }) => `${key}=${value}`)).toEqual([
      'location=a.safetensors',
      'offset=96',
      'length=12',
    ]);
  });

  it('keeps equal constants once', () => {
    expect(model.graph?.initializer.filter((tensor) => tensor.dataType === 7)).toHaveLength(1);
  });

  it('tells integer, float, string and list attributes apart', () => {
    expect(model.graph?.node[0]?.attribute.map(({ name, type }) => [name, type])).toEqual([
      ['transB', 2],
      ['alpha', 1],
      ['kind', 3],
      ['axes', 7],
    ]);
  });

  it('gives an output its name wherever it is used', () => {
    const graph = new GraphBuilder('chain');
    const y = graph.node('Neg', [graph.input('x', 'FLOAT', [1])]);
    graph.output('y', y, 'FLOAT', [1]);
    graph.output('z', graph.node('Abs', [y]), 'FLOAT', [1]);
    const nodes = fromBinary(ModelProtoSchema, graph.toBytes()).graph?.node ?? [];
    expect(nodes.map(({ input, output }) => [...input, ...output])).toEqual([
      ['x', 'y'],
      ['y', 'z'],
    ]);
  });

  it("marks ONNX Runtime's own operators with their domain", () => {
    expect(model.graph?.node.map(({ opType, domain }) => `${domain}:${opType}`)).toEqual([
      ':Gemm',
      ':Add',
      'com.microsoft:QuickGelu',
    ]);
  });
});

describe('a loop', () => {
  /** Doubles x while it is below `limit`, at most five times; in each round `shared` is asked for. */
  function doubling(limit: number): Uint8Array {
    const graph = new GraphBuilder('doubling');
    const x = graph.input('x', 'FLOAT', [1]);
    const below = (value: string) =>
      graph.node('Squeeze', [graph.node('Less', [value, graph.floats([limit])])]);
    const [all = ''] = graph.loop(
      graph.ints([5], []),
      below(x),
      [{ value: x, type: 'FLOAT' }],
      (round, [state = '']) => {
        const two = graph.shared('two', () => graph.node('Exp', [graph.floats([Math.LN2])]));
        const next = graph.node('Mul', [state, two]);
        const kept = graph.node('Add', [next, graph.node('Cast', [round], { to: 1 })]);
        return { again: below(next), states: [next], collected: [kept] };
      },
    );
    graph.output('all', all, 'FLOAT', ['rounds', 1]);
    return graph.toBytes();
  }

  it.each([
    [1, []],
    [10, [2, 5, 10, 19]],
    [1000, [2, 5, 10, 19, 36]],
  ])('runs until it is told to end, at most as often as it may: limit %d', async (limit, rounds) => {
    const session = await InferenceSession.create(doubling(limit), { logSeverityLevel: 3 });
    const { all } = await session.run({ x: new Tensor('float32', [1], [1]) });
    await session.release();
    expect(all?.dims[0]).toBe(rounds.length);
    expect(Array.from((all?.data ?? []) as Float32Array, Math.round)).toEqual(rounds);
  });

  it('makes what is shared once, outside', () => {
    const { graph } = fromBinary(ModelProtoSchema, doubling(10));
    const body = graph?.node.flatMap(({ attribute }) => attribute).find(({ name }) => name === 'body')?.g;
    const operators = (nodes: readonly { opType: string }[] = []) => nodes.map(({ opType }) => opType);
    expect(operators(graph?.node)).toEqual(['Less', 'Squeeze', 'Exp', 'Loop']);
    expect(operators(body?.node)).toEqual(['Mul', 'Cast', 'Add', 'Less', 'Squeeze']);
  });
});
