import { create, toBinary } from '@bufbuild/protobuf';
import { loadedBytes } from './external-data.js';
import type { ElementType, ExternalData } from './external-data.js';
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from './onnx_pb.js';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  TensorProto_DataType as DataType,
  ValueInfoProtoSchema,
} from './onnx_pb.js';
import type { LoopRound, LoopState } from './loop.js';
import { attributeProto, externalTensor, valueInfo } from './messages.js';
import type { Attribute } from './messages.js';
import type { Value } from './value.js';

export type { Value } from './value.js';

/** A node's attributes by name; `If` and `Loop` have graphs among them. */
type Attributes = Record<string, Attribute | GraphProto>;

/** Newest operator set with every operator that we use (RMSNormalization came with 23), and its file version. */
const OPSET = 23n;
const IR_VERSION = 11n;
const MICROSOFT = 'com.microsoft';

/**
 * One ONNX graph under construction. Methods append and return the name of the new value, so that
 * a graph reads like the formulas it computes; names are counted, so the same calls give the same bytes.
 */
export class GraphBuilder {
  readonly #name: string;
  #nodes: NodeProto[] = [];
  /** Of the graph itself, also while a branch or a loop's body is being filled. */
  readonly #ownNodes = this.#nodes;
  #count = 0;
  readonly #initializers: TensorProto[] = [];
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #inline = new Map<string, Value>();
  readonly #external = new Map<string, Value>();
  readonly #outputNames = new Map<Value, string>();
  readonly #shared = new Map<string, Value>();
  readonly #weightBytes = { stored: 0, loaded: 0 };

  constructor(name: string) {
    this.#name = name;
  }

  /** A graph input; a string in `shape` is a named dynamic dimension. */
  input(name: string, type: ElementType, shape: readonly (number | string)[]): Value {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Makes a node's output a graph output; in the file it has the name `name` everywhere, so nothing is copied. */
  output(name: string, value: Value, type: ElementType, shape: readonly (number | string)[]): void {
    this.#outputNames.set(value, name);
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /** A node of the standard operator set with one output. */
  node(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    const [value] = this.nodes(op, inputs, 1, attributes);
    return value ?? '';
  }

  /** A node of the standard operator set with `count` outputs. */
  nodes(
    op: string,
    inputs: readonly Value[],
    count: number,
    attributes: Record<string, Attribute> = {},
  ): Value[] {
    return this.#append(op, inputs, attributes, '', this.#fresh(op, count));
  }

  /** A node of ONNX Runtime's own operators (domain `com.microsoft`). */
  fused(op: string, inputs: readonly Value[], attributes: Record<string, Attribute> = {}): Value {
    const [value] = this.#append(op, inputs, attributes, MICROSOFT, this.#fresh(op, 1));
    return value ?? '';
  }

  /**
   * An `If` node: runs one of two branches, of which each appends its nodes and returns as many values. A branch may
   * use any value from outside, but must return values of its own nodes.
   *
   * @param condition - bool [1]
   */
  choose(condition: Value, then: () => readonly Value[], otherwise: () => readonly Value[]): Value[] {
    const branches = { then_branch: this.#branch(then), else_branch: this.#branch(otherwise) };
    const count = branches.then_branch.output.length;
    return this.#append('If', [condition], branches, '', this.#fresh('If', count));
  }

  /**
   * A `Loop` node: runs `body` until it answers false, at most `trips` times. The body may use any value from outside,
   * which stays where it is; what it returns must be values of its own nodes.
   *
   * @param trips - int64 []
   * @param condition - whether there is a first round, bool []
   * @param body - gets the number of the round, int64 [], and the states
   * @returns what was collected; its first axis is empty where there was no round
   */
  loop(
    trips: Value,
    condition: Value,
    states: readonly LoopState[],
    body: (round: Value, states: readonly Value[]) => LoopRound,
  ): Value[] {
    const [round = '', again = '', ...inner] = this.#fresh('LoopInput', states.length + 2);
    let collected = 0;
    const filled = this.#branch(() => {
      const left = body(round, inner);
      collected = left.collected.length;
      return [left.again, ...left.states, ...left.collected];
    });
    const input = [
      valueInfo(round, 'INT64', []),
      valueInfo(again, 'BOOL', []),
      ...states.map(({ type }, index) => valueInfo(inner[index] ?? '', type)),
    ];
    const first = states.map(({ value }) => value);
    const output = this.#fresh('Loop', states.length + collected);
    this.#append('Loop', [trips, condition, ...first], { body: { ...filled, input } }, '', output);
    return output.slice(states.length);
  }

  /**
   * A value that does not change from run to run (a table, a weight in another type), made once under this name in the
   * graph itself, even if it is first asked for inside a branch or a loop's body.
   */
  shared(name: string, make: () => Value): Value {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const inside = this.#nodes;
    this.#nodes = this.#ownNodes;
    const value = make();
    this.#nodes = inside;
    this.#shared.set(name, value);
    return value;
  }

  /** Integers in the graph itself (shapes, axes, indices); without `shape` a vector. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    const data = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    return this.#constant('INT64', shape, data);
  }

  /** Truth values in the graph itself; without `shape` a vector. */
  bools(values: readonly boolean[], shape: readonly number[] = [values.length]): Value {
    return this.#constant('BOOL', shape, Uint8Array.from(values, Number));
  }

  /** 32-bit floats in the graph itself; without `shape` a vector. */
  floats(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant('FLOAT', shape, new Uint8Array(Float32Array.from(values).buffer));
  }

  /** An initialiser whose bytes stay in a file of the model folder. The same `name` is declared once. */
  external(name: string, type: ElementType, shape: readonly number[], data: ExternalData): Value {
    const known = this.#external.get(name);
    if (known !== undefined) return known;
    this.#initializers.push(externalTensor(name, type, shape, data));
    this.#external.set(name, name);
    this.#weightBytes.stored += data.length;
    this.#weightBytes.loaded += loadedBytes(type, shape, data);
    return name;
  }

  /** Bytes of the initialisers outside the graph: in their files, and with 16-bit floats widened to 32. */
  get weightBytes(): { stored: number; loaded: number } {
    return { ...this.#weightBytes };
  }

  /** The model file's bytes. */
  toBytes(): Uint8Array {
    const model = create(ModelProtoSchema, {
      irVersion: IR_VERSION,
      producerName: 'flexattn',
      opsetImport: [
        { domain: '', version: OPSET },
        { domain: MICROSOFT, version: 1n },
      ],
      graph: {
        name: this.#name,
        node: this.#named(this.#nodes),
        initializer: this.#initializers,
        input: this.#inputs,
        output: this.#outputs,
      },
    });
    return toBinary(ModelProtoSchema, model);
  }

  /** The nodes with graph outputs under their final names, inside branches too. */
  #named(nodes: readonly NodeProto[]): NodeProto[] {
    const rename = (values: readonly Value[]) => values.map((value) => this.#outputNames.get(value) ?? value);
    return nodes.map((node) => ({
      ...node,
      input: rename(node.input),
      output: rename(node.output),
      attribute: node.attribute.map((attribute) =>
        attribute.g === undefined
          ? attribute
          : { ...attribute, g: { ...attribute.g, node: this.#named(attribute.g.node) } },
      ),
    }));
  }

  #branch(fill: () => readonly Value[]): GraphProto {
    const outer = this.#nodes;
    this.#nodes = [];
    const name = `branch_${this.#count++}`;
    const output = fill().map((value) => create(ValueInfoProtoSchema, { name: value }));
    const graph = create(GraphProtoSchema, { name, node: this.#nodes, output });
    this.#nodes = outer;
    return graph;
  }

  #constant(type: ElementType, shape: readonly number[], data: Uint8Array): Value {
    const key = `${type} ${shape.join('x')} ${Buffer.from(data).toString('base64')}`;
    const known = this.#inline.get(key);
    if (known !== undefined) return known;
    const name = `constant_${this.#inline.size}`;
    this.#initializers.push(
      create(TensorProtoSchema, { name, dims: shape.map(BigInt), dataType: DataType[type], rawData: data }),
    );
    this.#inline.set(key, name);
    return name;
  }

  #fresh(op: string, count: number): Value[] {
    return Array.from({ length: count }, (_, index) => `${op}_${this.#count}_${index}`);
  }

  #append(
    opType: string,
    input: readonly Value[],
    attributes: Attributes,
    domain: string,
    output: Value[],
  ): Value[] {
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    const name = `${opType}_${this.#count++}`;
    this.#nodes.push(create(NodeProtoSchema, { name, opType, domain, input: [...input], output, attribute }));
    return output;
  }
}
