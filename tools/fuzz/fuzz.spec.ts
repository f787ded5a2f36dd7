import { StageError } from '@flexattn/stage';
import { describe, expect, it } from 'vitest';
import { fuzzTarget } from './fuzz-loop.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { safetensorsTarget } from './safetensors.js';
import { torchZipTarget } from './torch-zip.js';

const EACH = 200;

describe.each([
  ['safetensors', safetensorsTarget],
  ['torch-zip', torchZipTarget],
])('%s', (_, target) => {
  const kinds = Object.keys(target.kinds);

  it(`reads or refuses ${EACH} mutations of each kind`, async () => {
    const outcome = await fuzzTarget(target, { seed: 7, seconds: 60, count: EACH * kinds.length });
    expect([...outcome.keys()]).toEqual(kinds);
    const counts = [...outcome.values()].map((codes) => [...codes.values()].reduce((sum, n) => sum + n, 0));
    expect(new Set(counts)).toEqual(new Set([EACH]));
    // Mutations that are all refused alike would test one line of the reader.
    const codes = new Set([...outcome.values()].flatMap((found) => [...found.keys()]));
    expect(codes.has('read')).toBe(true);
    expect(codes.size).toBeGreaterThan(12);
  });
});

describe('fuzzTarget', () => {
  const options = { seed: 1, seconds: 60, count: 10 };
  const kinds: FuzzTarget['kinds'] = {
    a: (random) => Uint8Array.of(random.below(256)),
    b: () => new Uint8Array(),
  };

  it('makes the same inputs from the same seed', async () => {
    const inputs = async (seed: number): Promise<string> => {
      const seen: string[] = [];
      await fuzzTarget(
        { kinds, read: (bytes) => Promise.resolve(seen.push(String(bytes))) },
        { ...options, seed },
      );
      return seen.join();
    };
    expect(await inputs(1)).toBe(await inputs(1));
    expect(await inputs(1)).not.toBe(await inputs(2));
  });

  it('counts refusals by code, and names the input that fails in another way', async () => {
    const read = (bytes: Uint8Array): Promise<void> =>
      Promise.reject(bytes.length === 0 ? new StageError('BAD_JSON', 'x') : new RangeError('stack'));
    await expect(
      fuzzTarget({ kinds: { b: kinds['b'] ?? (() => new Uint8Array()) }, read }, options),
    ).resolves.toEqual(new Map([['b', new Map([['BAD_JSON', 10]])]]));
    await expect(fuzzTarget({ kinds, read }, options)).rejects.toThrow(
      'seed 1, input a 0: RangeError: stack',
    );
  });
});
