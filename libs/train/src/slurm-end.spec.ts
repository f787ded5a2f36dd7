import { describe, expect, it } from 'vitest';
import { knownEnd } from './slurm-end.js';

describe('knownEnd', () => {
  it('says what to do where the log cannot', () => {
    const hintOf = (state: string) => knownEnd({ state })?.hint;
    expect(hintOf('TIMEOUT')).toContain('slurm.time');
    expect(hintOf('NODE_FAIL')).toContain('--exclude');
    expect(hintOf('FAILED')).toBeUndefined();
  });
});
