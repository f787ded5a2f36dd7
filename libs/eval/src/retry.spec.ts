import { describe, expect, it } from 'vitest';
import { isRetryable, retryDelay } from './retry.js';

describe('isRetryable', () => {
  it.each([408, 409, 429, 500, 502, 503, 529])('%i: yes', (status) => {
    expect(isRetryable(status)).toBe(true);
  });

  it.each([200, 301, 400, 401, 403, 404, 413, 422])('%i: no', (status) => {
    expect(isRetryable(status)).toBe(false);
  });
});

describe('retryDelay', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');

  it.each([
    [0, null, 1000],
    [1, null, 2000],
    [4, null, 16_000],
    [5, null, 30_000],
    [60, null, 30_000],
    [0, '7', 7000],
    [3, '1', 8000],
    [0, 'Thu, 01 Jan 2026 00:00:12 GMT', 12_000],
    [0, 'Wed, 31 Dec 2025 00:00:00 GMT', 1000],
    [0, 'soon', 1000],
    [0, '-5', 1000],
  ])('try %i with Retry-After %j: %i ms', (attempt, retryAfter, ms) => {
    expect(retryDelay(attempt, retryAfter, now)).toBe(ms);
  });
});
