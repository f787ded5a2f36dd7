import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tinyShape } from './model-shape.fixture.js';
import { countParameters, isTrained, modelParameters, patternProblem } from './model-parameters.js';
import { matchesName } from './name-pattern.js';
import { testInterpreter } from './node/interpreter.fixture.js';
import { publishedShape } from './published-shapes.js';
import { tinySettings } from './settings.fixture.js';
import type { TrainSettings } from './settings.js';

const PACKAGE = fileURLToPath(new URL('../python', import.meta.url));

/** What the trainer's own code says of its model, for each of the settings; nothing is allocated. */
const ASK = `
import json, sys, torch
from flexattn_train.config import ModelConfig, VisionConfig
from flexattn_train.lora import add_lora
from flexattn_train.model import FlexAttentionLlava
from flexattn_train.settings import Settings, choose_parameters, matches
given = json.loads(sys.stdin.read())
def model(c, s):
    v = c["vision"]
    vision = VisionConfig(**v, hidden_act="quick_gelu", layers_used=v["num_hidden_layers"] - 1)
    with torch.device("meta"):
        m = FlexAttentionLlava(ModelConfig(
            **{k: c[k] for k in ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
               "num_key_value_heads", "vocab_size", "tied")},
            rms_norm_eps=1e-5, rope_theta=1e4, biases=frozenset(c["biases"]), projector_depth=2, vision=vision,
            lowres_size=v["image_size"], highres_size=v["image_size"] * c["zoom"], zoom_ratio=c["zoom"], threshold=48,
            warmup=3, select_from_layer=c["selectFromLayer"]), s.highres)
        if s.lora:
            add_lora(m.model.layers, s.lora)
    return m
def of(case):
    s = Settings.parse(json.dumps(case["settings"]))
    try:
        m = model(case["shape"], s)
        choose_parameters(m, s)
    except ValueError as error:
        return str(error)
    return {n: [list(p.shape), p.requires_grad] for n, p in m.named_parameters()}
print(json.dumps({"models": [of(c) for c in given["cases"]], "matches": [matches(*m) for m in given["matches"]]}))
`;

function ask(given: object): { models: unknown[]; matches: boolean[] } {
  const { stdout, stderr } = spawnSync(testInterpreter(), ['-B', '-c', ASK], {
    input: JSON.stringify(given),
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: PACKAGE },
  });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { models: unknown[]; matches: boolean[] };
}

const lora = { rank: 4, alpha: 8, targets: ['q_proj', 'down_proj', 'k_proj_hd'] };
const seven = publishedShape('llava-v1.5-7b') ?? tinyShape;
const cases: [string, typeof tinyShape, Partial<TrainSettings>][] = [
  ['everything but the tower', tinyShape, {}],
  ['low resolution', tinyShape, { highres: false }],
  ['everything', tinyShape, { freeze: [] }],
  ['new projections', tinyShape, { train: ['k_proj_hd', 'v_proj_hd'], freeze: [] }],
  ['LoRA', tinyShape, { lora, train: ['lora_a', 'lora_b'] }],
  ['LoRA beside all', tinyShape, { lora }],
  ['globs', tinyShape, { train: ['layers.[1-2].*.weight', 'lm_he?d'], freeze: ['[!q]_proj'] }],
  [
    'a head that is the embedding, biases',
    { ...tinyShape, tied: true, biases: new Set(['q_proj', 'up_proj']) },
    {},
  ],
  ['the published 7B model', seven, { freeze: ['vision_tower', 'mm_projector'] }],
  ['an idle pattern', tinyShape, { train: ['visual'] }],
  ['an idle rate', tinyShape, { learningRates: { lm_head2: 1 } }],
  ['an idle target', tinyShape, { lora: { ...lora, targets: ['query'] } }],
  ['nothing', tinyShape, { train: ['lm_head'], freeze: ['lm_head'] }],
];
const settingsOf = (change: Partial<TrainSettings>) => ({ ...tinySettings, ...change });

/** Every pattern of these pieces against every name. */
const pieces = [
  '*',
  '?',
  'a',
  '[ab]',
  '[!a]',
  '[a-c]',
  '[c-a]',
  '[]',
  '[]a]',
  '[!]',
  '[!]a]',
  '[',
  '[a\\]',
  '.',
  '+',
  '[^a]',
  '[-a]',
];
const patterns = pieces.flatMap((first) => pieces.map((second) => `${first}${second}`));
const names = [
  'a',
  'b',
  'ab',
  'a.b',
  'c',
  ']',
  '[',
  '+',
  '^a',
  'a]',
  '-a',
  'x.a.y',
  '!',
  '!a',
  '\\',
  '[a\\]',
  '',
];
const pairs = patterns.flatMap((pattern) => names.map((name): [string, string] => [pattern, name]));

describe('modelParameters, isTrained and patternProblem', () => {
  const given = cases.map(([, shape, change]) => ({
    shape: { ...shape, biases: [...shape.biases] },
    settings: settingsOf(change),
  }));
  const trainer = ask({ cases: given, matches: pairs });

  it.each(cases.map(([what, shape, change], i) => ({ what, shape, change, i })))(
    'say what the trainer says: $what',
    ({ shape, change, i }) => {
      const settings = settingsOf(change);
      const parameters = modelParameters(shape, settings);
      const said = trainer.models[i];
      if (typeof said === 'string') {
        const problem = patternProblem(parameters, settings) ?? 'none';
        const withoutList = (text: string) => text.replace(/settings\./g, '').replace(/[[\]'"]/g, '');
        expect(withoutList(said)).toBe(withoutList(problem));
        return;
      }
      const ours = parameters.map(({ name, shape: size }) => [name, [size, isTrained(name, settings)]]);
      expect(patternProblem(parameters, settings)).toBeUndefined();
      expect(Object.fromEntries(ours)).toEqual(said);
      const trained = Object.values(said as Record<string, [number[], boolean]>);
      const elements = (of: [number[], boolean][]) =>
        of.reduce((sum, [size]) => sum + size.reduce((product, n) => product * n, 1), 0);
      expect(countParameters(parameters, settings)).toMatchObject({
        all: elements(trained),
        trained: elements(trained.filter(([, isOne]) => isOne)),
      });
    },
  );

  it("match names as Python's fnmatchcase does", () => {
    const different = pairs.filter(([pattern, name], i) => matchesName(pattern, name) !== trainer.matches[i]);
    expect(different).toEqual([]);
    expect(trainer.matches.filter(Boolean).length).toBeGreaterThan(100);
  });
});
