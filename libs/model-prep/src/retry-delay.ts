/** Milliseconds before the first repetition; each next one waits twice as long. */
const FIRST_MS = 1000;
/** Milliseconds; the longest wait that we choose ourselves. */
const LONGEST_MS = 30_000;
/** Milliseconds; a server that asks for more is not waited for. */
export const LONGEST_ASKED_MS = 300_000;
/** Repetitions without a byte gained, after which we give up: together about two minutes. */
export const MAX_REPETITIONS = 6;

/** How long to wait before repetition `n` (from 0): what the server asks for, else twice the wait before. */
export function retryDelay(n: number, askedMs: number | undefined): number {
  return askedMs ?? Math.min(FIRST_MS * 2 ** n, LONGEST_MS);
}

/** Milliseconds that a Retry-After header asks for: seconds, or a date (RFC 9110, 10.2.3). */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Is an answer of this status worth asking for again? */
export const isPassing = (status: number): boolean => status === 408 || status === 429 || status >= 500;
