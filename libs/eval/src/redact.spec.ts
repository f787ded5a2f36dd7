import { describe, expect, it } from 'vitest';
import { createRedactor } from './redact.js';

const KEY = 'sk-canary/+="é9';
const redact = createRedactor(KEY);

describe('createRedactor', () => {
  it.each([
    ['raw', KEY],
    ['URL-encoded', encodeURIComponent(KEY)],
    ['in JSON', JSON.stringify(KEY).slice(1, -1)],
    ['base64', Buffer.from(KEY).toString('base64').replace(/=+$/, '')],
    ['base64url', Buffer.from(KEY).toString('base64url')],
  ])('strikes out the key %s, as often as it stands there', (_, form) => {
    expect(redact(`a ${form} b ${form}`)).toBe('a [key] b [key]');
  });

  it.each(['', 'x', 'xy', 'Bearer '])(
    'strikes it out of the base64 of longer text, %j before it',
    (before) => {
      const text = redact(Buffer.from(`${before}${KEY} and more`).toString('base64'));
      expect(text).toContain('[key]');
      expect(Buffer.from(text.replace('[key]', ''), 'base64').toString()).not.toContain('canary');
    },
  );

  it('leaves other text alone, and everything where there is no key', () => {
    expect(redact('sk-canary')).toBe('sk-canary');
    expect(createRedactor(undefined)(KEY)).toBe(KEY);
  });
});
