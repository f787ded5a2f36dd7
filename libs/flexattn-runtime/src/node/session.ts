import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { DEVICE_HINTS, providerReason } from '../device.js';
import type { ChosenDevice } from '../device.js';
import { RuntimeError } from '../error.js';
import type { GraphName, ModelGraphs } from '../graphs/model-graphs.js';
import { refuseTelemetry } from './telemetry.js';

/** A value on its way into or out of a graph; `float32`, `int64`, `bool` or `float16` by the type of `data`. */
export interface HostTensor {
  dims: readonly number[];
  data: Float32Array | BigInt64Array | Uint8Array | Uint16Array;
}

/** Inputs by name. */
export type Feeds = Record<string, HostTensor>;

export interface SessionOptions {
  /** Default: the processor. */
  device?: ChosenDevice | undefined;
  /** Threads of one run; default: ONNX Runtime's, one per core. */
  threads?: number | undefined;
}

/**
 * The graphs of one model in ONNX Runtime: the only code that touches it. `run` blocks the event loop, so a model that
 * others wait for lives in a worker thread.
 */
export class GraphSessions {
  readonly #sessions: ReadonlyMap<string, InferenceSession>;

  private constructor(sessions: ReadonlyMap<string, InferenceSession>) {
    this.#sessions = sessions;
  }

  /**
   * @param folder - where the weight files lie that the graphs point into
   * @throws RuntimeError MODEL_DAMAGED where ONNX Runtime refuses a graph or its weights; DEVICE_ABSENT
   */
  static async open(
    folder: string,
    graphs: ModelGraphs,
    options: SessionOptions = {},
  ): Promise<GraphSessions> {
    refuseTelemetry();
    // What fails outside of a session, as loading a provider, is thrown too: no line of ONNX Runtime's own before ours.
    env.logLevel = 'fatal';
    const sessions = new Map<string, InferenceSession>();
    for (const [name, bytes] of Object.entries(graphs)) {
      try {
        sessions.set(name, await InferenceSession.create(bytes, sessionOptions(folder, options)));
      } catch (cause) {
        if (options.device === 'cuda' || options.device === 'webgpu') throw absent(options.device, cause);
        const what = `ONNX Runtime refuses the graph "${name}": ${messageOf(cause)}`;
        throw new RuntimeError('MODEL_DAMAGED', what, {
          file: folder,
          hint: 'compile the model again',
          cause,
        });
      }
    }
    return new GraphSessions(sessions);
  }

  /** Runs one graph; only the outputs asked for are computed to the end and copied out. */
  async run(graph: GraphName, feeds: Feeds, outputs: readonly string[]): Promise<Record<string, HostTensor>> {
    const session = this.#sessions.get(graph);
    if (session === undefined) throw new Error(`no graph "${graph}" in this model`);
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, toTensor(value)]));
    const results = await session.run(tensors, outputs).catch((cause: unknown) => {
      throw outOfMemory(cause) ?? cause;
    });
    return Object.fromEntries(Object.entries(results).map(([name, value]) => [name, fromTensor(value)]));
  }

  /** Frees the sessions' memory. */
  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await session.release();
  }
}

/** Threads sleep between runs: four sessions share the cores, and pictures are decoded beside them. */
export function sessionOptions(
  folder: string,
  { threads, device = 'cpu' }: SessionOptions,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    logSeverityLevel: 3,
    // The graphs name their fused kernels; further fusions transpose inside a product, which divides by zero rows.
    graphOptimizationLevel: 'basic',
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    extra: {
      session: {
        model_external_initializers_file_folder_path: folder,
        intra_op: { allow_spinning: '0' },
        // Weights take what they need of a GPU, not the next power of two.
        ...(device === 'cuda' && { use_device_allocator_for_initializers: '1' }),
      },
    },
  };
}

/** A provider that is asked for by name and cannot be used, or whose memory is too small. */
export function absent(device: keyof typeof DEVICE_HINTS, cause: unknown): RuntimeError {
  const short = outOfMemory(cause);
  if (short !== undefined) return short;
  const what = `ONNX Runtime cannot use the device "${device}": ${providerReason(messageOf(cause))}`;
  return new RuntimeError('DEVICE_ABSENT', what, { hint: DEVICE_HINTS[device], cause });
}

/** The error of an allocation that failed, by the words of ONNX Runtime's arena and of CUDA; undefined for another. */
function outOfMemory(cause: unknown): RuntimeError | undefined {
  const message = messageOf(cause);
  if (!/out of memory|failed to allocate memory|smaller than requested bytes/i.test(message))
    return undefined;
  const hint = 'use --precision int8 or int4, another device, or end what else takes its memory';
  return new RuntimeError('OUT_OF_MEMORY', `ONNX Runtime: ${message.split('\n')[0] ?? ''}`, { hint, cause });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** As ONNX Runtime takes it; the numbers are not copied. */
export function toTensor({ data, dims }: HostTensor): Tensor {
  if (data instanceof Float32Array) return new Tensor('float32', data, dims);
  if (data instanceof BigInt64Array) return new Tensor('int64', data, dims);
  if (data instanceof Uint16Array) return new Tensor('float16', data, dims);
  return new Tensor('bool', data, dims);
}

/** As ONNX Runtime gives it. */
export function fromTensor({ data, dims }: Tensor): HostTensor {
  if (data instanceof Float32Array || data instanceof BigInt64Array || data instanceof Uint8Array) {
    return { data, dims };
  }
  throw new Error('expected an output of float32, int64 or bool');
}
