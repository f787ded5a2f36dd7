import { setTimeout as wait } from 'node:timers/promises';
import { FlexattnError } from '@flexattn/stage';
import { ModelPrepError } from '../errors.js';
import type { HubReference } from '../hub-reference.js';
import { isPassing, LONGEST_ASKED_MS, MAX_REPETITIONS, parseRetryAfter, retryDelay } from '../retry-delay.js';

/** How the hub is reached, and what tests put in its place. */
export interface HubConnection {
  /** `https://host` without a slash at the end. */
  endpoint: string;
  /** Sent to the endpoint only, and shown nowhere. */
  token: string | undefined;
  /** Milliseconds without a byte of a file, or for a whole list of names, after which a connection counts as broken. */
  idleMs: number;
  /** Resolves after so many milliseconds. */
  wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** Milliseconds since 1970. */
  now: () => number;
  signal: AbortSignal | undefined;
}

/** A failure that another attempt may mend. */
export class PassingFailure extends Error {
  constructor(
    message: string,
    readonly askedMs?: number,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** The default `idleMs`: a slow store sends its first byte well before. */
export const IDLE_MS = 60_000;

/** The default `wait`. */
export const realWait: HubConnection['wait'] = async (ms, signal) => {
  await wait(ms, undefined, signal ? { signal } : {});
};

/**
 * Runs `attempt` until it succeeds, as long as its failures pass: broken connections, 408, 429, 5xx. What an attempt
 * gained (`progress` grows) starts the count anew.
 *
 * @throws ModelPrepError HUB_UNREACHABLE (exit 74) with the last failure
 */
export async function withRepetitions<T>(
  what: string,
  connection: HubConnection,
  attempt: () => Promise<T>,
  progress: () => number = () => 0,
): Promise<T> {
  let gained = progress();
  for (let n = 0; ; n++) {
    connection.signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (failure) {
      connection.signal?.throwIfAborted();
      if (!(failure instanceof PassingFailure)) throw failure;
      // More than ever before: a server that knows no ranges begins anew each time.
      if (progress() > gained) n = 0;
      gained = Math.max(gained, progress());
      const asked = failure.askedMs;
      if (n >= MAX_REPETITIONS || (asked ?? 0) > LONGEST_ASKED_MS) throw unreachable(what, failure);
      await connection.wait(retryDelay(n, asked), connection.signal).catch((cause: unknown) => {
        connection.signal?.throwIfAborted();
        throw cause;
      });
    }
  }
}

function unreachable(what: string, { message, askedMs }: PassingFailure): ModelPrepError {
  const asked = askedMs === undefined ? '' : `, which asks to wait ${Math.ceil(askedMs / 1000)} s`;
  const hint = 'check the network and run again: what was fetched is kept';
  return new ModelPrepError('HUB_UNREACHABLE', `${message}${asked}`, { file: what, hint, exitCode: 74 });
}

/**
 * Asks for names; the answer is a success.
 *
 * @throws PassingFailure, or ModelPrepError HUB_DENIED, HUB_NOT_FOUND or HUB_REFUSED
 */
export async function request(
  what: string,
  reference: HubReference,
  connection: HubConnection,
  url: string,
): Promise<Response> {
  const { signal, idleMs } = connection;
  const limit = AbortSignal.timeout(idleMs);
  const headers = { accept: 'application/json', ...ourHeaders(connection, new URL(url)) };
  const response = await fetch(url, {
    headers,
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  }).catch((cause: unknown) => {
    throw broken(cause);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  throw refusal(what, reference, connection, { status, retryAfter: response.headers.get('retry-after') });
}

/** The token, for the endpoint alone: a server's own links (next page, where a file lies) may lead elsewhere. */
export function ourHeaders({ token, endpoint }: HubConnection, url: URL): Record<string, string> {
  const isOurs = url.origin === new URL(endpoint).origin;
  return token === undefined || !isOurs ? {} : { authorization: `Bearer ${token}` };
}

/** What an answer means that is no success. */
export function refusal(
  what: string,
  { repo, revision }: HubReference,
  { token, now }: HubConnection,
  { status, retryAfter }: { status: number; retryAfter: string | null },
): PassingFailure | ModelPrepError {
  if (isPassing(status))
    return new PassingFailure(`the hub answers ${status}`, parseRetryAfter(retryAfter, now()));
  if (status === 401 || status === 403) return denied(what, status, token !== undefined);
  if (status !== 404) {
    return new ModelPrepError('HUB_REFUSED', `the hub answers ${status}`, {
      file: what,
      hint: 'check HF_ENDPOINT',
      exitCode: 74,
    });
  }
  const hint = 'check the spelling; private models need HF_TOKEN';
  return new ModelPrepError('HUB_NOT_FOUND', `${repo} at ${revision} is not there`, { file: what, hint });
}

function denied(what: string, status: number, hasToken: boolean): ModelPrepError {
  const hint = hasToken
    ? 'accept the licence on the page of the model, or use the token of an account that may read it'
    : 'set HF_TOKEN to the token of an account that may read it';
  const got = `the hub answers ${status}: ${hasToken ? 'this token may not read it' : 'it asks for a token'}`;
  return new ModelPrepError('HUB_DENIED', got, { file: what, hint });
}

/** An error of the connection, without what it may say about the request. */
export function broken(cause: unknown): unknown {
  if (cause instanceof FlexattnError || cause instanceof PassingFailure) return cause;
  if (cause instanceof Error && cause.name === 'AbortError') return cause;
  if (cause instanceof Error && cause.name === 'TimeoutError')
    return new PassingFailure('the hub is silent for too long');
  const inner: unknown = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : 'no answer';
  return new PassingFailure(`the connection failed (${code})`);
}
