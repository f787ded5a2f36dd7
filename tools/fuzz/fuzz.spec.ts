import { StageError } from '@flexattn/stage';
import { describe, expect, it } from 'vitest';
import { fuzzTarget } from './fuzz-loop.js';
import type { FuzzTarget } from './fuzz-loop.js';
import { TARGETS } from './targets.js';

/** Inputs of each kind, and how many ways to end they must find: all refused alike would test one line of a reader. */
const SHORT: Readonly<Record<string, { each: number; ways: number }>> = {
  safetensors: { each: 200, ways: 12 },
  'torch-zip': { each: 200, ways: 12 },
  'json-scanner': { each: 120, ways: 5 },
  'image-headers': { each: 20, ways: 5 },
  tokenizer: { each: 150, ways: 3 },
  config: { each: 400, ways: 3 },
  'benchmark-loaders': { each: 12, ways: 12 },
  'judge-answers': { each: 60, ways: 8 },
};

it('every target has a short form', () => {
  expect(Object.keys(SHORT)).toEqual(Object.keys(TARGETS));
});

describe.each(Object.entries(TARGETS))('%s', (name, open) => {
  const { each, ways } = SHORT[name] ?? { each: 0, ways: 0 };

  it(`reads or refuses ${each} mutations of each kind`, async () => {
    const target = await open();
    const kinds = Object.keys(target.kinds);
    const outcome = await fuzzTarget(target, { seed: 7, seconds: 600, count: each * kinds.length });
    expect([...outcome.keys()]).toEqual(kinds);
    const counts = [...outcome.values()].map((codes) => [...codes.values()].reduce((sum, n) => sum + n, 0));
    expect(new Set(counts)).toEqual(new Set([each]));
    expect(new Set([...outcome.values()].flatMap((found) => [...found.keys()])).size).toBeGreaterThanOrEqual(
      ways,
    );
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

  it('ends where an input takes a second of work, and where the process grows by 64 MB', async () => {
    const work = (): Promise<void> => {
      const until = process.cpuUsage().user + 1_300_000;
      while (process.cpuUsage().user < until);
      return Promise.resolve();
    };
    await expect(fuzzTarget({ kinds, read: work }, options)).rejects.toThrow(
      /^seed 1, input a 0: \d{4,} ms$/,
    );
    const kept: Uint8Array[] = [];
    const grow = (): Promise<number> => Promise.resolve(kept.push(new Uint8Array(1 << 20).fill(1)));
    const grown = fuzzTarget({ kinds, read: grow, warmUp: 1 }, { ...options, count: 300 });
    await expect(grown).rejects.toThrow(/^seed 1: the process grew by \d{8,} bytes up to input 256$/);
  }, 120_000);
});
