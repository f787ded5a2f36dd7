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
  fetch: typeof fetch;
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
      if (progress() > gained) n = 0;
      gained = progress();
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
 * One request; the answer is a success.
 *
 * @throws PassingFailure, or ModelPrepError HUB_DENIED, HUB_NOT_FOUND or HUB_REFUSED
 */
export async function request(
  what: string,
  { repo, revision }: HubReference,
  connection: HubConnection,
  url: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const { token, signal, endpoint } = connection;
  // A server's own links (next page) must not carry the token elsewhere.
  const isOurs = new URL(url).origin === new URL(endpoint).origin;
  const authorization = token === undefined || !isOurs ? {} : { authorization: `Bearer ${token}` };
  const init: RequestInit = { headers: { ...headers, ...authorization }, ...(signal && { signal }) };
  const response = await connection.fetch(url, init).catch((cause: unknown) => {
    throw broken(cause);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  if (isPassing(status)) {
    const asked = parseRetryAfter(response.headers.get('retry-after'), connection.now());
    throw new PassingFailure(`the hub answers ${status}`, asked);
  }
  if (status === 401 || status === 403) throw denied(what, status, token !== undefined);
  if (status !== 404) {
    throw new ModelPrepError('HUB_REFUSED', `the hub answers ${status}`, {
      file: what,
      hint: 'check HF_ENDPOINT',
      exitCode: 74,
    });
  }
  const hint = 'check the spelling; private models need HF_TOKEN';
  throw new ModelPrepError('HUB_NOT_FOUND', `${repo} at ${revision} is not there`, { file: what, hint });
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
  const inner: unknown = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : 'no answer';
  return new PassingFailure(`the connection failed (${code})`);
}
