import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCost } from './read-cost.js';
import { put } from './run.fixture.js';

const model = { epochs: 3.3, parameters: 8, trainedParameters: 7, device: 'cpu', processes: 1 };
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cost-'));
  await put(join(folder, 'train/receipt.json'), JSON.stringify({ summary: { flexattn: model } }));
  const summary = { answerTokens: 100, lengths: { longest: 12 } };
  await put(join(folder, 'tokens/receipt.json'), JSON.stringify({ summary }));
});
afterAll(() => rm(folder, { recursive: true }));

describe('readCost', () => {
  it.each([
    ['tokens', { answerTokens: 100, longest: 12 }],
    ['elsewhere', { answerTokens: null, longest: null }],
  ])('tells what the receipts tell, with those of %s', async (tokens, counted) => {
    const cost = await readCost(join(folder, 'train'), join(folder, tokens), folder);
    expect(cost).toEqual({ models: { flexattn: model }, ...counted });
  });

  it('is nothing where no training left a receipt', async () => {
    expect(await readCost(join(folder, 'elsewhere'), undefined, folder)).toBeNull();
  });
});
