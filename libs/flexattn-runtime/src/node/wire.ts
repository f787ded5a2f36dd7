import { FlexattnError, StageError } from '@flexattn/stage';
import type { ExitCode } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import type { Geometry } from '../geometry.js';
import type { GenerateRequest, LocalModelOptions, ScoreRequest } from './local-model.js';
import type { SentImage } from './photograph.js';

/** What a worker thread is started with. */
export interface WorkerStart {
  dir: string;
  options: LocalModelOptions;
}

/** A question on its way to the worker: what cannot be sent stays behind. */
export type Call = { image: SentImage } & (
  | ({ method: 'generate' | 'explain' } & Omit<GenerateRequest, 'image' | 'signal' | 'onToken'>)
  | ({ method: 'scoreOptions' } & Omit<ScoreRequest, 'image' | 'signal'>)
  | { method: 'encodeImage' }
);

/** Messages to the worker. */
export type ToWorker = { id: number; call: Call } | { id: number; stop: true } | { close: true };

/** Messages from the worker: `id` is the call's; without one it is about the model itself. */
export type FromWorker =
  | { ready: Geometry }
  | { failed: SentError }
  | { id: number; token: number; text: string }
  | { id: number; result: unknown }
  | { id: number; error: SentError };

/** An error as another thread or process can read it. */
export interface SentError {
  name: string;
  message: string;
  stack: string | undefined;
  /** Of a mistake that a user can mend; absent for a bug. */
  known?: {
    code: string;
    exitCode: ExitCode;
    file: string | undefined;
    item: string | undefined;
    hint: string | undefined;
  };
}

/** The error as it can be sent: a thread boundary drops everything but message and stack. */
export function sendError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined };
  const { name, message, stack } = error;
  if (!(error instanceof FlexattnError)) return { name, message, stack };
  const { code, exitCode, file, item, hint } = error as FlexattnError;
  return { name, message, stack, known: { code, exitCode, file, item, hint } };
}

/** Classes of errors by name: what is caught on this side can be told apart as on the other. */
const CLASSES: Readonly<Record<string, typeof FlexattnError>> = {
  RuntimeError: RuntimeError as typeof FlexattnError,
  StageError: StageError as typeof FlexattnError,
};

/** The error as it was before it was sent, with its code and exit code; that of another library is a `FlexattnError`. */
export function receiveError({ name, message, stack, known }: SentError): Error {
  const Known = CLASSES[name] ?? FlexattnError;
  const error = known === undefined ? new Error(message) : new Known(known.code, '', known);
  // The message was put together on the other side.
  error.message = message;
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
