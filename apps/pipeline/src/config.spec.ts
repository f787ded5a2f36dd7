import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRun } from './run-context.js';

const configs = new URL('../../../configs/', import.meta.url);
const tiny = readFileSync(new URL('tiny.json', configs), 'utf8');
const signal = new AbortController().signal;
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'flexattn-config-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (text: string) => {
  writeFileSync(join(folder, 'run.json'), text);
  return openRun({ config: 'run.json', cwd: folder, signal });
};
const edited = (edit: (config: Record<string, Record<string, unknown>>) => void): string => {
  const config = JSON.parse(tiny) as Record<string, Record<string, unknown>>;
  edit(config);
  return JSON.stringify(config);
};

describe('a configuration', () => {
  it.each(readdirSync(configs).filter((file) => !file.endsWith('.schema.json')))(
    'configs/%s is one',
    async (file) => {
      const { run } = await openRun({ config: fileURLToPath(new URL(file, configs)), cwd: folder, signal });
      expect(run).toBe(file.slice(0, -'.json'.length));
    },
  );

  it('may not bear the name of one in configs/ and lie elsewhere', async () => {
    for (const part of ['nx.json', 'run.json']) writeFileSync(join(folder, part), tiny);
    mkdirSync(join(folder, 'configs'));
    writeFileSync(join(folder, 'configs/run.json'), tiny);
    const from = (config: string) => openRun({ config, cwd: folder, signal });
    await expect(from('run.json')).rejects.toThrow('its runs would mix with those of configs/run.json');
    expect((await from('configs/run.json')).run).toBe('run');
  });

  it('gets the defaults that it leaves out', async () => {
    const { config } = await open(edited((one) => delete one['clean']));
    expect(config.clean).toEqual({ verify: 'header', textOnly: 'placeholder' });
  });

  it("takes a benchmark of one's own, a file or a module", async () => {
    const own = { mine: { path: 'my.jsonl', metric: 'anls' }, other: { path: 'data', module: 'other.mjs' } };
    const { config } = await open(edited((one) => Object.assign(one['eval'] ?? {}, { benchmarks: own })));
    expect(config.eval.benchmarks).toEqual(own);
  });

  it.each([
    { selection: 'random', share: 0.25, seed: 7 },
    { selection: 'attention', threshold: 60, selectFromLayer: 3, precision: 'int4' },
    { selection: 'all' },
  ])('takes a model with %j', async (settings) => {
    const models = [{ name: 'one', trained: false, ...settings }];
    const { config } = await open(edited((one) => Object.assign(one, { models })));
    expect(config.models).toEqual(models);
  });

  it.each([
    { selection: 'left' },
    { selection: 'random', share: 2 },
    { selection: 'none', precision: 'int2' },
  ])('refuses a model with %j', async (settings) => {
    const models = [{ name: 'one', trained: false, ...settings }];
    await expect(open(edited((one) => Object.assign(one, { models })))).rejects.toThrow(
      /models.*BAD_CONTENT/,
    );
  });

  it.each(['exists', 'header', 'decode'])('takes the level %s for pictures', async (verify) => {
    const { config } = await open(edited((one) => (one['clean'] = { verify })));
    expect(config.clean.verify).toBe(verify);
  });

  it('takes the figures of extra as numbers too, as checkpoints hold them', async () => {
    const { config } = await open(
      edited((one) => (one['init'] = { extra: { threshold: 48, warmup: '10' } })),
    );
    expect(config.init.extra).toEqual({ threshold: '48', warmup: '10' });
  });

  it('says who starts the trainer', async () => {
    expect((await open(tiny)).config.train).toMatchObject({ launcher: 'local' });
    const slurm = { launcher: 'slurm', slurm: { partition: 'gpu', nodes: 2 } };
    const { config } = await open(edited((one) => Object.assign(one['train'] ?? {}, slurm)));
    expect(config.train).toMatchObject({ launcher: 'slurm', slurm: { nodes: 2, secondsToSave: 300 } });
  });

  const bad: [string, string, RegExp][] = [
    [
      'an unknown key',
      edited((one) => (one['cleen'] = {})),
      /run\.json\[cleen\]: line 1, column \d+: unknown key "cleen": did you mean "clean"\?/,
    ],
    [
      'the settings of another launcher',
      edited((one) => Object.assign(one['train'] ?? {}, { slurm: { nodes: 2 } })),
      /\[train\.slurm\].*goes with "launcher": "slurm", got "local"/,
    ],
    [
      'an unknown key further in',
      edited((one) => (one['train'] = { ...one['train'], learningRat: 1 })),
      /\[train\.learningRat\].*did you mean "learningRate"\?/,
    ],
    [
      'a wrong type',
      edited((one) => (one['train'] = { ...one['train'], steps: 'many' })),
      /\[train\.steps\].*number.*string/,
    ],
    [
      'a level that does not exist',
      edited((one) => (one['clean'] = { verify: 'closely' })),
      /\[clean\.verify\].*"exists"\|"header"\|"decode"/,
    ],
    ['a missing key', edited((one) => delete one['checkpoint']), /\[checkpoint\]/],
    [
      'two models of one name',
      edited((one) => Object.assign(one, { models: [one['models']?.[0], one['models']?.[0]] })),
      /same name/,
    ],
    [
      'a model named like a path',
      edited((one) => Object.assign(one['models']?.[0] ?? {}, { name: '../x' })),
      /\[models\.0\.name\]/,
    ],
    [
      'an unknown benchmark',
      edited((one) => Object.assign(one['eval'] ?? {}, { benchmarks: { foo: { path: 'x' } } })),
      /\[eval\.benchmarks\].*no benchmark is named "foo"; choose of textvqa, vstar, magnifier/,
    ],
    [
      'an unknown protocol',
      edited((one) =>
        Object.assign(one['eval'] ?? {}, { benchmarks: { vstar: { path: 'x', protocol: 'y' } } }),
      ),
      /has no protocol "y"/,
    ],
    [
      'a benchmark of your own with a name that is taken',
      edited((one) =>
        Object.assign(one['eval'] ?? {}, { benchmarks: { vstar: { path: 'x.jsonl', metric: 'exact' } } }),
      ),
      /"vstar": give a benchmark of your own another name/,
    ],
    [
      'an unknown metric',
      edited((one) =>
        Object.assign(one['eval'] ?? {}, { benchmarks: { mine: { path: 'x.jsonl', metric: 'bleu' } } }),
      ),
      /\[eval\.benchmarks\.mine\.metric\]/,
    ],
    [
      'no benchmark',
      edited((one) => Object.assign(one['eval'] ?? {}, { benchmarks: {} })),
      /at least one benchmark/,
    ],
    [
      'a misspelt figure of extra',
      edited((one) => Object.assign(one['init'] ?? {}, { extra: { treshold: '2' } })),
      /\[init\.extra\.treshold\].*did you mean "threshold"\?/,
    ],
    ['no JSON', '{"data": ', /line 1, column/],
    ['a key that stands twice', '{"data": 1, "data": 2}', /"data" stands twice/],
  ];
  it.each(bad)('with %s is refused, and the place named', async (_what, text, message) => {
    await expect(open(text)).rejects.toThrow(message);
  });
});

describe('openRun', () => {
  it('finds a name in configs/ of the workspace, from any folder in it', async () => {
    const { run, workspace } = await openRun({ config: 'tiny', cwd: import.meta.dirname, signal });
    expect(run).toBe('tiny');
    expect(readdirSync(workspace)).toContain('nx.json');
  });

  it('says where it looked for a name that is not there', async () => {
    await expect(openRun({ config: 'tinny', cwd: import.meta.dirname, signal })).rejects.toThrow(
      /configs.tinny\.json.*BAD_CONFIG/,
    );
  });

  it('prefers the interpreter that the configuration names', async () => {
    writeFileSync(
      join(folder, 'run.json'),
      edited((one) => Object.assign(one['train'] ?? {}, { python: 'venv/a' })),
    );
    expect((await openRun({ config: 'run.json', cwd: folder, signal, python: '/b' })).python).toBe(
      join(folder, 'venv/a'),
    );
    writeFileSync(join(folder, 'run.json'), tiny);
    expect((await openRun({ config: 'run.json', cwd: folder, signal, python: '/b' })).python).toBe('/b');
  });
});
