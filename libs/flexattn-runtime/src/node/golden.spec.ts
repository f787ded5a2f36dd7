import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenKind, verifyGolden } from './golden.js';

const GOLDEN = join(import.meta.dirname, '../../golden');

/** The first four come from the original implementation, the others from the NumPy reference. */
const CASES = [
  'zoom3-126px',
  'zoom2-182px',
  'selects-nothing',
  'llava-geometry-1008px',
  'grouped-heads',
  'half-precision',
];

describe('verifyGolden', () => {
  it.each(CASES)('%s: same tokens, same regions, logits within 1e-3, losses within 1e-4', async (name) => {
    const report = await verifyGolden([join(GOLDEN, name)], { threads: 2 });
    expect(report.cases.map((entry) => [entry.case, entry.training])).toEqual([[name, []]]);
    expect(report.cases[0]?.images.length).toBeGreaterThan(0);
    expect(report.cases[0]?.images.filter((image) => !image.ok)).toEqual([]);
    expect(report.ok).toBe(true);
  });
});

describe('a mismatch', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'flexattn-golden-'));
    await cp(join(GOLDEN, 'grouped-heads'), dir, { recursive: true });
  });
  afterAll(() => rm(dir, { recursive: true }));

  interface Entry {
    tokens: number[];
    picked: Record<string, number[]>;
    option_losses: number[];
  }
  const verifyChanged = async (change: (entry: Entry) => void) => {
    const entries = JSON.parse(
      await readFile(join(GOLDEN, 'grouped-heads/expected.json'), 'utf8'),
    ) as Entry[];
    const [first] = entries;
    if (first !== undefined) change(first);
    await writeFile(join(dir, 'expected.json'), JSON.stringify(entries));
    const { ok, cases } = await verifyGolden([dir], { threads: 2 });
    return [ok, cases[0]?.ok, ...(cases[0]?.images.map((image) => image.ok) ?? [])];
  };

  it.each([
    ['of nothing passes', () => undefined, true],
    ['of a token fails', (entry: Entry) => (entry.tokens[0] = 3), false],
    ['of a selected set fails', (entry: Entry) => entry.picked['2:86']?.pop(), false],
    ['of a missing step fails', (entry: Entry) => delete entry.picked['2:86'], false],
    ['of a loss fails', (entry: Entry) => (entry.option_losses[0] = 1), false],
  ])('%s', async (_, change, ok) => {
    expect(await verifyChanged(change)).toEqual([ok, ok, ok, true]);
  });

  it('of logits fails, and tells by how much', async () => {
    await cp(join(GOLDEN, 'grouped-heads/expected.json'), join(dir, 'expected.json'));
    const file = join(dir, 'expected1.safetensors');
    const bytes = await readFile(file);
    bytes.writeFloatLE(100, bytes.length - 4);
    await writeFile(file, bytes);
    const { ok, cases } = await verifyGolden([dir], { threads: 2 });
    expect([ok, ...(cases[0]?.images.map((image) => image.ok) ?? [])]).toEqual([false, true, false]);
    expect(cases[0]?.images[1]?.maxLogitDifference).toBeGreaterThan(50);
  });

  it('of the format is an error', async () => {
    await writeFile(join(dir, 'expected.json'), '{"batch": []}');
    expect(await goldenKind(dir)).toBe('training');
    expect(await goldenKind(join(GOLDEN, 'grouped-heads'))).toBe('generation');
    await expect(verifyGolden([dir])).rejects.toThrow('BAD_CONTENT');
  });
});
