import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RuntimeError } from '../error.js';
import type { Explanation } from '../explain/explanation.js';
import { chosenSelection } from '../geometry.js';
import type { ChosenSelection, Geometry } from '../geometry.js';
import { EncodedImage, readImage } from './image.js';
import { openLocalModel } from './local-model.js';
import type {
  Generated,
  GenerateRequest,
  ImageInput,
  LocalModel,
  LocalModelOptions,
  Scored,
  ScoreRequest,
} from './local-model.js';
import { sendable } from './photograph.js';
import { resolveDevice } from './probe-devices.js';
import { stopIfAborted } from './stop.js';
import { refuseTelemetry } from './telemetry.js';
import { receiveError } from './wire.js';
import type { Call, FromWorker, ToWorker } from './wire.js';

export type LoadModelOptions = LocalModelOptions;

const WORKER = new URL('./model-worker.js', import.meta.url);

/**
 * Loads a compiled folder or a checkpoint in a worker thread: ONNX Runtime blocks the thread that calls it. Run from
 * TypeScript, as the tests do, there is no compiled worker to start, and the model lives in the calling thread.
 *
 * @throws RuntimeError MODEL_DAMAGED, UNSUPPORTED_CONFIG, TENSOR_MISSING, TENSOR_SHAPE, DEVICE_ABSENT, OUT_OF_MEMORY;
 * ModelPrepError
 */
export async function loadModel(dir: string, options: LoadModelOptions = {}): Promise<FlexAttentionModel> {
  if (!existsSync(fileURLToPath(WORKER))) return new FlexAttentionModel(await openLocalModel(dir, options));
  // Here, where it is remembered for the next model.
  const { device } = await resolveDevice(options.device);
  return new FlexAttentionModel(await ModelThread.start(WORKER, dir, { ...options, device }));
}

/** Where the work is done: in this thread or in another. */
type Workplace = Pick<
  LocalModel,
  'geometry' | 'generate' | 'explain' | 'scoreOptions' | 'encodeImage' | 'close'
>;

/** A model that answers questions about pictures. Several calls at once take turns. */
export class FlexAttentionModel {
  readonly geometry: Geometry;
  /** How it selects, all figures filled in. */
  readonly selection: ChosenSelection;
  readonly #workplace: Workplace;
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(workplace: Workplace) {
    this.geometry = workplace.geometry;
    this.selection = chosenSelection(workplace.geometry);
    this.#workplace = workplace;
  }

  /** Answers greedily (arg max), until the end-of-text token or `maxNewTokens`. */
  generate(request: GenerateRequest): Promise<Generated> {
    return this.#inTurn(request.signal, () => this.#workplace.generate(request));
  }

  /** The answer of `generate`, and where in the picture every token of it looked, layer by layer. */
  explain(request: GenerateRequest): Promise<Explanation> {
    return this.#inTurn(request.signal, () => this.#workplace.explain(request));
  }

  /** Loss of every option after the prompt; all options share one run. */
  scoreOptions(request: ScoreRequest): Promise<Scored> {
    return this.#inTurn(request.signal, () => this.#workplace.scoreOptions(request));
  }

  /** Reads and encodes a picture ahead of the questions about it, for which the result stands. */
  async encodeImage(image: Exclude<ImageInput, EncodedImage>): Promise<ImageInput> {
    const known = typeof image === 'string' || image instanceof Uint8Array ? await readImage(image) : image;
    await this.#inTurn(undefined, () => this.#workplace.encodeImage(known));
    return known;
  }

  /** Waits for the calls that were made and frees the model's memory. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last.catch(() => undefined);
    await this.#workplace.close();
  }

  #inTurn<Result>(signal: AbortSignal | undefined, work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) {
      return Promise.reject(
        new RuntimeError('MODEL_CLOSED', 'the model was closed', { hint: 'load it again' }),
      );
    }
    const start = () => {
      stopIfAborted(signal);
      return work();
    };
    const result = this.#last.then(start, start);
    this.#last = result;
    return result;
  }
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
  onToken?: ((text: string, token: number) => void) | undefined;
}

/** A model in a worker thread. */
class ModelThread implements Workplace {
  readonly geometry: Geometry;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  private constructor(worker: Worker, geometry: Geometry) {
    this.#worker = worker;
    this.geometry = geometry;
    worker.on('message', (message: FromWorker) => this.#receive(message));
    worker.on('error', (error: Error) => this.#fail(error));
    worker.on('exit', (code) => this.#fail(new Error(`the model's thread ended with code ${code}`)));
  }

  /** @param entry - the compiled `model-worker.js` */
  static async start(entry: URL, dir: string, options: LocalModelOptions): Promise<ModelThread> {
    refuseTelemetry();
    const worker = new Worker(entry, { workerData: { dir, options } });
    const first = await new Promise<FromWorker>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the model's thread ended with code ${code}`)));
    });
    if ('ready' in first) return new ModelThread(worker, first.ready);
    await worker.terminate();
    throw 'failed' in first ? receiveError(first.failed) : new Error('unexpected first message of a worker');
  }

  generate(request: GenerateRequest): Promise<Generated> {
    const { image, prompt, maxNewTokens, signal, onToken } = request;
    const call: Call = { method: 'generate', image: sendable(image), prompt, maxNewTokens };
    return this.#call(call, signal, onToken) as Promise<Generated>;
  }

  explain(request: GenerateRequest): Promise<Explanation> {
    const { image, prompt, maxNewTokens, signal, onToken } = request;
    const call: Call = { method: 'explain', image: sendable(image), prompt, maxNewTokens };
    return this.#call(call, signal, onToken) as Promise<Explanation>;
  }

  scoreOptions({ image, prompt, options, signal }: ScoreRequest): Promise<Scored> {
    const call: Call = { method: 'scoreOptions', image: sendable(image), prompt, options };
    return this.#call(call, signal) as Promise<Scored>;
  }

  async encodeImage(image: ImageInput): Promise<void> {
    await this.#call({ method: 'encodeImage', image: sendable(image) });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#send({ close: true });
    await ended;
  }

  #call(call: Call, signal?: AbortSignal, onToken?: Waiting['onToken']): Promise<unknown> {
    const id = this.#calls++;
    const stop = () => this.#send({ id, stop: true });
    signal?.addEventListener('abort', stop, { once: true });
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onToken });
      this.#send({ id, call });
    }).finally(() => signal?.removeEventListener('abort', stop));
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    if (!('id' in message)) return;
    const waiting = this.#waiting.get(message.id);
    if ('token' in message) {
      waiting?.onToken?.(message.text, message.token);
      return;
    }
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(receiveError(message.error));
    else waiting?.resolve(message.result);
  }

  #fail(error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }
}
