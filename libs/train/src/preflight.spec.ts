import { describe, expect, it } from 'vitest';
import { modelParameters } from './model-parameters.js';
import { tinyShape } from './model-shape.fixture.js';
import { preflight } from './preflight.js';
import type { PreflightFacts } from './preflight.js';
import { tinySettings } from './settings.fixture.js';
import { TokenTally } from './token-totals.js';

const tally = new TokenTally(81, 2048);
tally.add({ image: 'a.png', inputIds: [1, -200, 5, 6], answers: [[2, 4]] });

const initialised = {
  tensors: new Set(
    [2, 3].flatMap((layer) => ['k', 'v'].map((k) => `model.layers.${layer}.self_attn.${k}_proj_hd.weight`)),
  ),
  layers: 4,
  selectFromLayer: 1,
  tokenizer: 'a'.repeat(64),
};
const someData = { totals: tally.totals(), tooLong: 0, tokenizer: 'a'.repeat(64) };
const parameters = modelParameters(tinyShape, tinySettings);
const facts: PreflightFacts = { checkpoint: initialised, parameters, data: someData, gpus: 1 };
const codes = (...[settings, given]: Parameters<typeof preflight>) =>
  preflight(settings, given).map(({ code }) => code);

describe('preflight', () => {
  it('accepts settings, a checkpoint, data and a machine that fit together', () => {
    expect(preflight(tinySettings, facts)).toEqual([]);
  });

  it('accepts what is not there yet', () => {
    expect(preflight(tinySettings)).toEqual([]);
  });

  it.each([
    ['processes and micro batches', { batchSize: 6, microBatchSize: 4 }, 1, /multiple of .* = 4, got 6/],
    ['two processes', { batchSize: 4, microBatchSize: 4, processes: 2 }, 1, /= 2 x 4 = 8, got 4/],
    ['two machines', { batchSize: 6, microBatchSize: 2 }, 2, /nodes x .* = 2 x 1 x 2 = 4, got 6/],
  ])('refuses a batch that %s do not divide', (_, change, nodes, message) => {
    const [problem, ...more] = preflight({ ...tinySettings, ...change }, { nodes });
    expect(problem).toMatchObject({
      code: 'BAD_SETTINGS',
      what: expect.stringMatching(message) as string,
    });
    expect(more).toEqual([]);
    expect(codes({ ...tinySettings, ...change, batchSize: 8 }, { nodes })).toEqual([]);
  });

  it('refuses more warm-up than steps, but not as much', () => {
    expect(preflight({ ...tinySettings, steps: 3, warmupSteps: 4 })[0]?.what).toMatch(/at most steps = 3/);
    expect(preflight({ ...tinySettings, steps: 3, warmupSteps: 3 })).toEqual([]);
  });

  it.each([
    ['without an extra', { ...initialised, selectFromLayer: undefined }, /no `extra`/],
    [
      'without projections',
      { ...initialised, tensors: new Set<string>() },
      /layers\.2\.self_attn\.k_proj_hd/,
    ],
    [
      'whose layer 2 uses them but has none',
      { ...initialised, layers: 5 },
      /layers\.4\.self_attn\.k_proj_hd/,
    ],
  ])(
    'refuses to train high resolution on a checkpoint %s, but trains low resolution',
    (_, checkpoint, message) => {
      const [problem, ...more] = preflight(tinySettings, { checkpoint, data: someData });
      expect(problem).toMatchObject({
        code: 'NOT_INITIALISED',
        what: expect.stringMatching(message) as string,
      });
      expect(more).toEqual([]);
      expect(preflight({ ...tinySettings, highres: false }, { checkpoint, data: someData })).toEqual([]);
    },
  );

  it('refuses a checkpoint without its vision tower', () => {
    const towerless = { ...initialised, missingTower: 'openai/clip' };
    expect(preflight(tinySettings, { checkpoint: towerless })).toMatchObject([
      { code: 'NO_VISION_TOWER', what: expect.stringContaining('"openai/clip"') as string },
    ]);
  });

  it('refuses a pattern that names no parameter, and takes one that does', () => {
    const train = (pattern: string) => preflight({ ...tinySettings, train: [pattern] }, facts);
    expect(train('k_proj_hd')).toEqual([]);
    expect(train('k_proj_high')).toMatchObject([
      { code: 'BAD_SETTINGS', what: 'train: "k_proj_high" names no parameter of this model' },
    ]);
  });

  it('refuses features on disk of a tower that is trained, and keeps those of a frozen one', () => {
    const cached = { ...tinySettings, featureCacheFolder: 'features' };
    expect(preflight(cached, facts)).toEqual([]);
    expect(preflight({ ...cached, freeze: [] }, facts)).toMatchObject([
      {
        code: 'BAD_SETTINGS',
        what: 'featureCacheFolder: expected a frozen vision tower, got one that is trained',
      },
    ]);
    expect(preflight({ ...cached, freeze: [], featureCacheFolder: null }, facts)).toEqual([]);
  });

  it.each([
    ['no answers', { totals: new TokenTally(81, 2048).totals() }, 'NO_ANSWERS'],
    ['answers out of reach', { tooLong: 2 }, 'BAD_SETTINGS'],
    ['ids of another tokenizer', { tokenizer: 'b'.repeat(64) }, 'TOKENIZER_DIFFERS'],
  ])('refuses data with %s', (_, change, code) => {
    expect(codes(tinySettings, { ...facts, data: { ...someData, ...change } })).toEqual([code]);
  });

  it('takes data that do not tell their tokenizer', () => {
    const { tokenizer, ...silent } = someData;
    expect(tokenizer).toBeDefined();
    expect(codes(tinySettings, { ...facts, data: silent })).toEqual([]);
  });

  it.each([
    ['run', /another run/],
    ['something', /one that exists/],
  ] as const)('refuses an output folder that holds %s', (out, message) => {
    const problems = preflight(tinySettings, { ...facts, out });
    expect(problems).toMatchObject([{ code: 'OUT_EXISTS', what: expect.stringMatching(message) as string }]);
  });

  it('refuses more processes than GPUs, and takes any number where there is none', () => {
    const two = { ...tinySettings, processes: 2 };
    expect(preflight(two, { gpus: 1 })).toMatchObject([
      { code: 'TOO_FEW_GPUS', what: expect.stringMatching(/each of 1 visible GPUs, got 2/) as string },
    ]);
    for (const gpus of [2, 8, 0, undefined]) expect(preflight(two, { gpus })).toEqual([]);
  });

  it('refuses machines that cannot meet, and an interpreter that cannot train', () => {
    const rendezvous = { address: 'first:29500', why: 'connect ECONNREFUSED' };
    expect(preflight(tinySettings, { rendezvous })).toMatchObject([
      { code: 'RENDEZVOUS_UNREACHABLE', what: expect.stringMatching(/first:29500, got .*REFUSED/) as string },
    ]);
    const python = { code: 'TORCH_TOO_OLD', what: 'torch is 2.5', hint: 'update it' } as const;
    expect(preflight(tinySettings, { python })).toEqual([python]);
  });
});
