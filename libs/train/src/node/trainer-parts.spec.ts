import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '@flexattn/stage';
import { z } from 'zod';
import { packageFolder } from './package-folder.js';
import { GOLDEN, python, TIMEOUT, TrainerWorld } from './trainer.fixture.js';

/** Counts the high-res tokens that each layer projects, and those that any row of a sample picked for it. */
const COUNT = `
import json, sys
from pathlib import Path
import torch
from flexattn_train.attention import Attention
from flexattn_train.checkpoint import load_model
from flexattn_train.golden import gradients
model = load_model(Path(sys.argv[1]), highres=True)
model.model.vision_tower.requires_grad_(False)
projected, picked, rows = [], [], []
def before(layer, args):
    hr, chosen = args[4:]
    if chosen is not None:
        union = chosen.any(1).index_select(-1, hr.region).sum(-1)
        each = chosen.index_select(-1, hr.region).sum(-1)
        picked.append([int(union.max()), int(each.max()), int(each.sum(-1).max())])
for layer in model.model.layers:
    layer.register_forward_pre_hook(before)
    if hasattr(layer.self_attn, "k_proj_hd"):
        layer.self_attn.k_proj_hd.register_forward_pre_hook(lambda _, args: projected.append(list(args[0].shape)))
values, high_values = [], Attention.high_values
def count(self, w, tokens):
    values.append(list(tokens.shape))
    return high_values(self, w, tokens)
Attention.high_values = count
gradients(model, Path(sys.argv[2]), json.loads((Path(sys.argv[2]) / "expected.json").read_text())["batch"], 1.0)
counted = {"keys": projected, "values": values, "picked": picked, "all": model.c.high_tokens}`;

/** Norm and gradients after clipping a norm of 5 to less, to as much and to more. */
const CLIP = `
from flexattn_train.ranks import clip_gradients
clipped = []
for most in (1.0, 5.0, 10.0):
    parameters = [torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(1, 1))]
    parameters[0].grad, parameters[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([[-4.0]])
    norm = clip_gradients(parameters, most)
    clipped.append([norm, *parameters[0].grad.tolist(), parameters[1].grad.item()])
print(json.dumps({**counted, "clipped": clipped}))`;

const shapes = z.array(z.tuple([z.number(), z.number(), z.number()]));
const toldSchema = z.object({
  ...{ keys: shapes, values: shapes, picked: shapes, all: z.number() },
  clipped: z.array(z.array(z.number())),
});

/** What one process of Python tells of the trainer's parts: it takes seconds to import torch. */
let told: z.output<typeof toldSchema>;
const world = new TrainerWorld();
beforeAll(async () => {
  const base = join(await world.make(), 'base');
  const config = JSON.parse(await readFile(join(base, 'config.json'), 'utf8')) as { extra: object };
  const extra = { ...config.extra, threshold: '200' }; // picks little
  await writeFile(join(base, 'config.json'), JSON.stringify({ ...config, extra }));
  const { stdoutTail } = await runProgram(python, ['-c', COUNT + CLIP, base, GOLDEN], {
    env: { PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1' },
  });
  told = toldSchema.parse(JSON.parse(stdoutTail.at(-1) ?? ''));
}, TIMEOUT);
afterAll(() => world.remove());

describe('high-resolution keys and values', () => {
  it('are projected once a layer, for what any row of the sample picked and for nothing else', () => {
    const { keys, values, picked, all } = told;
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.map(([, tokens]) => tokens)).toEqual(picked.map(([union]) => union));
    expect(values).toEqual(keys);
    for (const [union, most, together] of picked) {
      expect(union).toBeLessThan(all);
      expect(union).toBeGreaterThan(most); // rows differ in what they pick,
      expect(union).toBeLessThan(together); // and share some of it
    }
  });
});

describe('gradients', () => {
  it('are scaled down to the norm that is allowed, all by the same, and left alone below it', () => {
    for (const [i, expected] of [
      [5, 0.6, 0, -0.8],
      [5, 3, 0, -4],
      [5, 3, 0, -4],
    ].entries())
      for (const [j, value] of expected.entries()) expect(told.clipped[i]?.[j]).toBeCloseTo(value, 5);
  });
});
