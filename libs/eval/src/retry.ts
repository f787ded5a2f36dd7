/** Statuses after which the same request may succeed: time-out, conflict, too many requests, any failure of the server. */
export function isRetryable(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Milliseconds before the first repetition; doubled each time up to the longest. */
const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * Milliseconds to wait before try `attempt` + 1 (attempts count from 0): twice as long each time, or as long as the
 * server's `Retry-After` says (seconds, or a date), if that is longer.
 *
 * @param now - Unix time in milliseconds, for dates
 */
export function retryDelay(attempt: number, retryAfter: string | null, now: number): number {
  const backoff = Math.min(LONGEST_MS, FIRST_MS * 2 ** attempt);
  return Math.max(backoff, asked(retryAfter, now));
}

function asked(retryAfter: string | null, now: number): number {
  if (retryAfter === null) return 0;
  if (/^\d+$/.test(retryAfter.trim())) return 1000 * Number(retryAfter);
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
