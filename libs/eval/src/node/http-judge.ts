import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { EvalError } from '../errors.js';
import type { Judge, JudgeMessage } from '../judge.js';
import { createRedactor } from '../redact.js';
import { isRetryable, retryDelay } from '../retry.js';

/** An OpenAI-compatible endpoint that judges. */
export interface HttpJudgeOptions {
  /** Up to what `/chat/completions` follows: `https://api.example.com/v1`. Without TLS only on this machine, or keyless. */
  baseUrl: string;
  model: string;
  /** Sent as a bearer token, and nowhere else. Take it from the environment. */
  key?: string | undefined;
  /** Milliseconds for an item, waits and repetitions included; default 120,000. */
  timeLimitMs?: number | undefined;
  clock?: JudgeClock | undefined;
}

/** Time, as a test may replace it. */
export interface JudgeClock {
  /** Unix time in milliseconds. */
  now(): number;
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Aborts after so many milliseconds. */
  deadline(ms: number): AbortSignal;
}

const TIME_LIMIT_MS = 120_000;
/** A verdict is one word; reasoning models think before it. */
const MAX_REPLY_TOKENS = 1024;
/** 1 MB: a reply of 1,024 tokens has some 10 kB. */
const MAX_REPLY_BYTES = 1e6;
const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const realClock: JudgeClock = {
  now: Date.now,
  wait: async (ms, signal) => sleep(ms, undefined, { signal }),
  deadline: (ms) => AbortSignal.timeout(ms),
};

const completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })),
});

/** What one request came to: a reply, or a reason to ask again or to give up. */
type Outcome = { reply: string } | { failed: string; retryAfter: string | null } | { givenUp: string };

/**
 * A judge behind an OpenAI-compatible endpoint. Statuses 408, 409, 429 and 5xx, broken connections and bodies that are no
 * JSON are tried again until the item's time is used up (`JUDGE_FAILED`); 401, 403 and 404, which every item would get,
 * end the run (`JUDGE_REFUSED`); other 4xx leave the item unjudged. An address that would show the key: `JUDGE_SETTINGS`.
 * The key stands in no error, and no text of the server's does.
 */
export function createHttpJudge(options: HttpJudgeOptions): Judge {
  const { model, key, timeLimitMs = TIME_LIMIT_MS, clock = realClock } = options;
  const url = checkedUrl(options.baseUrl, key);
  const redact = createRedactor(key);
  const name = `${model} at ${url.origin}${url.pathname.replace(/\/$/, '')}`;
  const request = (messages: readonly JudgeMessage[], signal: AbortSignal) =>
    requestOnce(
      endpointOf(url),
      { model, messages, temperature: 0, max_tokens: MAX_REPLY_TOKENS },
      key,
      signal,
    );
  return {
    name: redact(name),
    async ask(messages, signal) {
      const end = clock.now() + timeLimitMs;
      const timeUp = clock.deadline(timeLimitMs);
      const stop = signal === undefined ? timeUp : AbortSignal.any([timeUp, signal]);
      for (let attempt = 0; ; attempt += 1) {
        const outcome = await request(messages, stop);
        signal?.throwIfAborted();
        if ('reply' in outcome) return redact(outcome.reply);
        if ('givenUp' in outcome) throw failed(outcome.givenUp, name, redact);
        const wait = retryDelay(attempt, outcome.retryAfter, clock.now());
        if (timeUp.aborted || clock.now() + wait >= end) {
          throw failed(`no verdict within ${timeLimitMs / 1000} s, at last: ${outcome.failed}`, name, redact);
        }
        await clock.wait(wait, stop).catch((error: unknown) => {
          signal?.throwIfAborted();
          if (!timeUp.aborted) throw error;
        });
      }
    },
  };
}

async function requestOnce(
  url: URL,
  body: object,
  key: string | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      // A redirect would take the key elsewhere.
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify(body),
      signal,
    });
    text = await textOf(response);
  } catch (error) {
    return { failed: connectionFault(error), retryAfter: null };
  }
  const { status } = response;
  if (status === 401 || status === 403 || status === 404) throw refused(url, status);
  if (isRetryable(status))
    return { failed: `HTTP ${status}`, retryAfter: response.headers.get('retry-after') };
  return status === 200 ? replyIn(text) : { givenUp: `HTTP ${status}` };
}

function replyIn(text: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { failed: 'the body is not JSON', retryAfter: null };
  }
  const parsed = completion.safeParse(value);
  if (!parsed.success) return { givenUp: 'the body is not a chat completion' };
  const content = parsed.data.choices[0]?.message.content;
  return content == null ? { givenUp: 'the completion has no text' } : { reply: content };
}

/** A body of a bounded size; a longer one is cut, which makes it no JSON. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    parts.push(part);
    size += part.length;
    if (size > MAX_REPLY_BYTES) break;
  }
  return Buffer.concat(parts).toString();
}

/** The system's code of a broken connection; undici's own text may hold what was sent. */
function connectionFault(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /^[A-Z][A-Z0-9_]+$/.test(code) ? `connection failed with ${code}` : 'the connection broke';
}

function endpointOf(base: URL): URL {
  return new URL(`${base.pathname.replace(/\/$/, '')}/chat/completions`, base);
}

/** An address that cannot show a key, and does not send one in clear over a network. */
function checkedUrl(baseUrl: string, key: string | undefined): URL {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  const settings = (what: string, hint: string) =>
    new EvalError('JUDGE_SETTINGS', what, { item: 'judge.baseUrl', hint });
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw settings('expected an http or https address', 'write it as "https://api.example.com/v1"');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw settings('expected an address without user, password or query', 'give the key in the environment');
  }
  if (url.protocol === 'http:' && key !== undefined && !LOOPBACK.test(url.hostname)) {
    throw settings(`the key would go to ${url.host} in clear`, 'use https, or unset the key');
  }
  if (key !== undefined && (key.trim() === '' || /[^\x21-\x7e]/.test(key))) {
    throw settings('the key is empty or has characters that no header takes', 'set it again');
  }
  return url;
}

function refused({ origin }: URL, status: number): EvalError {
  return new EvalError('JUDGE_REFUSED', `${origin} answered with HTTP ${status}`, {
    hint: status === 404 ? 'check judge.baseUrl and judge.model' : 'check the key in the environment',
  });
}

function failed(what: string, name: string, redact: (text: string) => string): EvalError {
  return new EvalError('JUDGE_FAILED', redact(what), {
    item: redact(name),
    hint: 'run again for what is missing',
  });
}
