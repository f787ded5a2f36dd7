import { parentPort, workerData } from 'node:worker_threads';
import { openLocalModel } from './local-model.js';
import type { LocalModel } from './local-model.js';
import { received } from './photograph.js';
import { sendError } from './wire.js';
import type { Call, FromWorker, ToWorker, WorkerStart } from './wire.js';

/** The worker thread of one model: answers calls one after another, in the order in which they came. */
const port = parentPort;
if (port === null) throw new Error('model-worker.js is started by loadModel, in a thread of its own');
const send = (message: FromWorker) => port.postMessage(message);

try {
  const { dir, options } = workerData as WorkerStart;
  const model = await openLocalModel(dir, options);
  serve(model);
  send({ ready: model.geometry });
} catch (error) {
  send({ failed: sendError(error) });
}

function serve(model: LocalModel): void {
  const stops = new Map<number, AbortController>();
  let last: Promise<void> = Promise.resolve();
  const run = async (id: number, call: Call, signal: AbortSignal) => {
    try {
      send({ id, result: await answer(model, call, signal, (text, token) => send({ id, text, token })) });
    } catch (error) {
      send({ id, error: sendError(error) });
    }
    stops.delete(id);
  };
  port?.on('message', (message: ToWorker) => {
    if ('close' in message) {
      last = last.then(() => model.close()).then(() => port?.close());
    } else if ('stop' in message) {
      stops.get(message.id)?.abort();
    } else {
      const controller = new AbortController();
      stops.set(message.id, controller);
      last = last.then(() => run(message.id, message.call, controller.signal));
    }
  });
}

function answer(
  model: LocalModel,
  call: Call,
  signal: AbortSignal,
  onToken: (text: string, token: number) => void,
): Promise<unknown> {
  const image = received(call.image);
  switch (call.method) {
    case 'generate':
      return model.generate({ ...call, image, signal, onToken });
    case 'explain':
      return model.explain({ ...call, image, signal, onToken });
    case 'scoreOptions':
      return model.scoreOptions({ ...call, image, signal });
    case 'encodeImage':
      return model.encodeImage(image);
  }
}
