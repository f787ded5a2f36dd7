import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Geometry } from '../geometry.js';
import { deviceOutputs } from '../graphs/device-context.js';
import type { GraphName, ModelGraphs } from '../graphs/model-graphs.js';
import { GraphBuilder } from '../onnx/graph.js';
import { absent, fromTensor, sessionOptions, toTensor } from './session.js';
import type { HostTensor, SessionOptions } from './session.js';
import { refuseTelemetry } from './telemetry.js';

/** A value on the device. Nothing of it can be read here; whoever has it frees it when the runs that read it ended. */
export class DeviceTensor {
  readonly #tensor: Tensor;

  constructor(tensor: Tensor) {
    this.#tensor = tensor;
  }

  /** As a run reads it. */
  get tensor(): Tensor {
    return this.#tensor;
  }

  get dims(): readonly number[] {
    return this.#tensor.dims;
  }

  /** On the device. */
  get bytes(): number {
    const each = this.#tensor.type === 'float16' ? 2 : 4;
    return this.dims.reduce((product, size) => product * size, each);
  }

  free(): void {
    this.#tensor.dispose();
  }
}

/** Inputs by name; what lies on the device is not copied. */
export type DeviceFeeds = Record<string, HostTensor | DeviceTensor>;

/** Outputs by name, by where they lie. */
export interface DeviceRun {
  host: Record<string, HostTensor>;
  device: Record<string, DeviceTensor>;
}

type Staying = Readonly<Record<string, readonly string[]>>;

/** The graphs of one model on WebGPU, whose keys, values and features stay there from run to run. */
export class WebGpuSessions {
  readonly #sessions: ReadonlyMap<string, InferenceSession>;
  readonly #reader: InferenceSession;
  /** Outputs that stay on the device, by graph. */
  readonly #staying: Staying;

  private constructor(
    sessions: ReadonlyMap<string, InferenceSession>,
    reader: InferenceSession,
    staying: Staying,
  ) {
    this.#sessions = sessions;
    this.#reader = reader;
    this.#staying = staying;
  }

  /**
   * @param folder - where the weight files lie that the graphs point into
   * @param options - on the processor, the same graphs run with tensors that lie in its memory
   * @throws RuntimeError DEVICE_ABSENT where there is no adapter, or it refuses a graph
   */
  static async open(
    folder: string,
    graphs: ModelGraphs,
    geometry: Geometry,
    options: SessionOptions & { device: 'cpu' | 'webgpu' },
  ): Promise<WebGpuSessions> {
    refuseTelemetry();
    const staying = deviceOutputs(geometry);
    const place = options.device === 'webgpu' ? 'gpu-buffer' : 'cpu';
    const base = sessionOptions(folder, options);
    const sessions = new Map<string, InferenceSession>();
    try {
      for (const [name, bytes] of Object.entries(graphs)) {
        const outputs = staying[name] ?? [];
        // A model that never selects projects nothing.
        if (outputs.length === 0) continue;
        const preferredOutputLocation = Object.fromEntries(outputs.map((output) => [output, place] as const));
        sessions.set(name, await InferenceSession.create(bytes, { ...base, preferredOutputLocation }));
      }
      const preferredOutputLocation = { y: 'cpu' } as const;
      const reader = await InferenceSession.create(readerGraph(), { ...base, preferredOutputLocation });
      return new WebGpuSessions(sessions, reader, staying);
    } catch (cause) {
      for (const session of sessions.values()) await session.release();
      throw absent('webgpu', cause);
    }
  }

  /** Whether the decoder's keys and values are 16-bit floats. */
  get hasHalfKeyValues(): boolean {
    const inputs = this.#sessions.get('step')?.inputMetadata ?? [];
    return inputs.some((input) => input.isTensor && input.type === 'float16');
  }

  /**
   * Runs one graph. All outputs come, each where it lies: ONNX Runtime 1.30 counts places among the outputs that are
   * asked for, and fills those of the run before again, so a session is always asked for the same.
   */
  async run(graph: GraphName, feeds: DeviceFeeds): Promise<DeviceRun> {
    return runSession(this.#sessions.get(graph), feeds, this.#staying[graph]);
  }

  /** The numbers of a tensor of 32-bit floats; it is not freed. */
  async read(tensor: DeviceTensor): Promise<Float32Array> {
    const { host } = await runSession(this.#reader, { x: tensor });
    const { y } = host;
    if (y?.data instanceof Float32Array) return y.data;
    throw new Error('expected 32-bit floats');
  }

  /** Frees the sessions' memory; tensors that are still kept must be freed before. */
  async release(): Promise<void> {
    for (const session of [...this.#sessions.values(), this.#reader]) await session.release();
  }
}

async function runSession(
  session: InferenceSession | undefined,
  feeds: DeviceFeeds,
  staying: readonly string[] = [],
): Promise<DeviceRun> {
  if (session === undefined) throw new Error('the model has no such graph');
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of Object.entries(feeds))
    tensors[name] = value instanceof DeviceTensor ? value.tensor : toTensor(value);
  const results = await session.run(tensors);
  const run: DeviceRun = { host: {}, device: {} };
  for (const [name, tensor] of Object.entries(results)) {
    if (staying.includes(name)) run.device[name] = new DeviceTensor(tensor);
    else run.host[name] = fromTensor(tensor);
  }
  return run;
}

/** Hands a matrix on: what a session gives to the host, it reads from the device; a tensor cannot be read there. */
function readerGraph(): Uint8Array {
  const graph = new GraphBuilder('read');
  const x = graph.input('x', 'FLOAT', ['rows', 'columns']);
  graph.output('y', graph.node('Identity', [x]), 'FLOAT', ['rows', 'columns']);
  return graph.toBytes();
}
