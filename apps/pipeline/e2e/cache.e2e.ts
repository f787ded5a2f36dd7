import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256File } from '@flexattn/stage';
import { PYTHON, runCommand, type Outcome } from './command-line.js';
import {
  ANNOTATIONS,
  PICTURES,
  TEXTVQA_ITEMS,
  VSTAR,
  VSTAR_ITEMS,
  commit,
  copyWorkspace,
  git,
  readConfig,
  writeConfig,
  type SmallConfig,
} from './workspace-copy.js';

const STEPS = ['clean', 'init', 'tokens', 'train', 'compile', 'items', 'infer', 'eval', 'report'] as const;
type Step = (typeof STEPS)[number];

interface Receipt {
  files: { path: string; sha256: string }[];
  inputs: Record<string, string>;
  parameters: Record<string, unknown>;
  tools: Record<string, string>;
}

let root: string;
let first: Ran;
beforeAll(async () => {
  root = await copyWorkspace();
  first = await nx();
});
afterAll(() => rmSync(dirname(root), { recursive: true, force: true }));

const runs = () => join(root, 'runs/small');
const receiptFile = (step: Step) => join(runs(), step, 'receipt.json');
const receiptOf = (step: Step) => JSON.parse(readFileSync(receiptFile(step), 'utf8')) as Receipt;

interface Ran extends Outcome {
  printed: string;
  /** Steps whose work was done: the others' results were at hand. */
  produced: Step[];
}

/** Runs a target with `configs/small.json` through Nx, and finds out which steps worked. */
async function nx(target = 'pipeline:all', env: Record<string, string> = {}): Promise<Ran> {
  const before = workDone();
  const outcome = await runNx(['run', target, '-c', 'small'], env);
  const after = workDone();
  const produced = STEPS.filter((step) => after.get(step) !== before.get(step));
  return { ...outcome, printed: outcome.stdout + outcome.stderr, produced };
}

function runNx(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return runCommand(join(root, 'node_modules/.bin/nx'), args, { cwd: root, env });
}

/** A stage writes down how long its work took, each time that it is done and at no other. */
function workDone(): Map<Step, bigint | undefined> {
  return new Map(
    STEPS.map((step) => {
      const marker = join(root, '.flexattn/ran/small', step);
      return [step, existsSync(marker) ? statSync(marker, { bigint: true }).mtimeNs : undefined];
    }),
  );
}

/** Every step is fresh by what it reads now, and every artifact has the bytes that its receipt says. */
async function expectSound(env: Record<string, string> = {}): Promise<void> {
  const command = [join(root, 'apps/pipeline/bin/flexattn.js'), 'status', '--config', 'small', '--json'];
  const status = await runCommand(process.execPath, command, { cwd: root, env });
  const states = JSON.parse(status.stdout) as { stage: string; state: string; because: string[] }[];
  expect(states.filter(({ state }) => state !== 'fresh')).toEqual([]);
  for (const step of STEPS) {
    for (const { path, sha256 } of receiptOf(step).files)
      expect(await sha256File(join(runs(), step, path)), `${step}/${path}`).toBe(sha256);
  }
}

/** Runs everything: no step works, and Nx takes every stage from its cache. */
async function expectAllHits(): Promise<void> {
  const ran = await nx();
  expect(ran.code, ran.printed).toBe(0);
  expect(ran.produced).toEqual([]);
  expect(ran.printed).toContain('for 8 out of 9 tasks');
  await expectSound();
}

/** Runs everything: these steps work and no other. */
async function expectProduced(steps: readonly Step[], env: Record<string, string> = {}): Promise<Ran> {
  const ran = await nx('pipeline:all', env);
  expect(ran.code, ran.printed).toBe(0);
  expect(ran.produced).toEqual(steps);
  await expectSound(env);
  return ran;
}

function configure(change: (config: SmallConfig) => void): void {
  const config = readConfig(root);
  change(config);
  writeConfig(root, config);
}

/** Files below a folder whose path ends so; from the workspace. */
function filesNamed(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function edit(path: string, change: (text: string) => string): void {
  const text = readFileSync(join(root, path), 'utf8');
  const changed = change(text);
  if (changed === text) throw new Error(`${path}: expected a change`);
  writeFileSync(join(root, path), changed);
}

/** Flips one bit, in a file of its own: other names of the same bytes stay as they are. */
function flipBit(file: string, offset: number): void {
  const bytes = readFileSync(file);
  const at = (bytes.length + offset) % bytes.length;
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  rmSync(file);
  writeFileSync(file, bytes);
}

/** How many items each model was asked. */
const asked = ({ printed }: Ran) =>
  [...printed.matchAll(/infer: \S+ was asked (\d+) of/g)].map(([, items]) => Number(items));

describe('a run and its pictures', () => {
  it('runs every stage the first time', async () => {
    expect(first.code, first.printed).toBe(0);
    expect(first.produced).toEqual(STEPS);
    expect(asked(first)).toEqual([TEXTVQA_ITEMS, TEXTVQA_ITEMS]);
    await expectSound();
  });

  it('one byte of one picture, same size: clean looks at that file only, and init does not run', async () => {
    const journal = () =>
      readFileSync(join(root, '.flexattn/images.journal'), 'utf8').match(/^[\w-]+\t/gm)?.length ?? 0;
    const before = journal();
    const [picture = ''] = readdirSync(join(root, PICTURES)).sort();
    flipBit(join(root, PICTURES, picture), -40);
    const ran = await nx();
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.produced).toEqual(expect.arrayContaining(['clean', 'train']));
    expect(ran.produced).not.toContain('init');
    expect(journal()).toBe(before + 1);
    await expectSound();
  });
});

describe('nothing runs again', () => {
  const CHANGES: [string, () => void][] = [
    ['nothing', () => undefined],
    [
      'only times',
      () => {
        const files = [...readdirSync(join(root, PICTURES)).map((name) => join(PICTURES, name)), ANNOTATIONS];
        const sources = filesNamed('libs/eval/src', '.ts');
        for (const path of [...files, ...sources]) utimesSync(join(root, path), 1_000_000_000, 1_000_000_000);
      },
    ],
    [
      'a README',
      () =>
        ['README.md', 'libs/eval/README.md'].forEach((path) => appendFileSync(join(root, path), '\nMore.\n')),
    ],
    [
      'the place of the workspace',
      () => {
        const moved = join(dirname(root), 'elsewhere');
        renameSync(root, moved);
        root = moved;
      },
    ],
  ];
  it.each(CHANGES)('after a change of %s', async (_what, change) => {
    change();
    await expectAllHits();
  });
});

describe('what a change makes run, and no more', () => {
  it('one annotation: clean and what depends, not init', async () => {
    edit(ANNOTATIONS, (text) => text.replace('horizontal', 'vertical'));
    await expectProduced(['clean', 'tokens', 'train', 'compile', 'infer', 'eval', 'report']);
    expect(readFileSync(join(runs(), 'clean/annotations.json'), 'utf8')).toContain('vertical');
  });

  it('an added benchmark: its items alone are asked', async () => {
    configure(({ eval: { benchmarks } }) => (benchmarks['vstar'] = VSTAR));
    const ran = await expectProduced(['items', 'infer', 'eval', 'report']);
    expect(asked(ran)).toEqual([VSTAR_ITEMS, VSTAR_ITEMS]);
  });

  it("a benchmark's protocol: its items alone are asked", async () => {
    configure(({ eval: { benchmarks } }) => (benchmarks['vstar'] = { ...VSTAR, protocol: 'original' }));
    const ran = await expectProduced(['items', 'infer', 'eval', 'report']);
    expect(asked(ran)).toEqual([VSTAR_ITEMS, VSTAR_ITEMS]);
  });

  it('the seed of the intervals: no model is asked', async () => {
    configure((config) => (config.eval.seed = 2));
    await expectProduced(['eval', 'report']);
  });

  it('the code of a metric: no model is asked', async () => {
    edit('libs/eval/src/textvqa-accuracy.ts', (text) =>
      text.replace('AGREEING_ANNOTATORS = 3', 'AGREEING_ANNOTATORS = 9'),
    );
    await expectProduced(['items', 'eval', 'report']);
  });

  it('the words of a prompt: an earlier stage of the same command is not taken from the cache', async () => {
    edit('libs/eval/src/textvqa.ts', (text) => `${text}\n/** Nothing. */\nexport const nothing = null;\n`);
    const ran = await nx('flexattn-runtime:infer');
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.produced).toEqual(['items']);
    await expectProduced(['eval', 'report']);
  });

  it('threshold and first layer: the graphs and the answers, not the training', async () => {
    configure(({ models }) =>
      models.forEach((model) => Object.assign(model, { threshold: 96, selectFromLayer: 2 })),
    );
    await expectProduced(['compile', 'infer', 'eval', 'report']);
  });
});

describe('what decides the tools', () => {
  it("torch's version: training, and what its result decides", async () => {
    const python = interpreter(
      'case "$*" in *versions.py*) "$real" "$@" | sed \'s/"torch": "[^"]*"/"torch": "9.9.9"/\'; exit;; esac',
    );
    const ran = await nx('pipeline:all', { FLEXATTN_PYTHON: python });
    expect(ran.code, ran.printed).toBe(0);
    expect(receiptOf('train').tools['torch']).toBe('9.9.9');
    expect(ran.produced).toEqual(['train']);
    await expectSound({ FLEXATTN_PYTHON: python });
    // The same path, another version.
    edit('python.sh', (text) => text.replaceAll('9.9.9', '9.9.8'));
    const again = await nx('train:train', { FLEXATTN_PYTHON: python });
    expect(again.produced).toEqual(['train']);
    expect(receiptOf('train').tools['torch']).toBe('9.9.8');
  });

  it("Node's major version: all that JavaScript does, not the training", async () => {
    const preload = join(dirname(root), 'node-99.mjs');
    writeFileSync(
      preload,
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.0.0' } });\n",
    );
    const env = { NODE_OPTIONS: `--import=${preload}` };
    const all = STEPS.filter((step) => step !== 'train');
    await expectProduced(all, env);
    for (const step of all) expect(receiptOf(step).tools['node']).toBe('99');
    await expectProduced([]);
  });
});

describe('damage', () => {
  const artifact = () => join(runs(), 'compile/flexattn/graphs/decoder.onnx');
  const HARM: [string, (file: string) => void][] = [
    ['deleted', (file) => rmSync(file)],
    [
      'truncated',
      (file) => {
        const bytes = readFileSync(file);
        rmSync(file);
        writeFileSync(file, bytes.subarray(0, -1));
      },
    ],
    ['of which one bit was flipped', (file) => flipBit(file, 1000)],
  ];

  it.each(HARM)('an artifact %s comes back from the store, said aloud', async (_what, harm) => {
    harm(artifact());
    const ran = await nx('flexattn-runtime:compile');
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.produced).toEqual([]);
    expect(ran.printed).toMatch(
      /compile: a file in .* is missing or damaged\ncompile: restored from the store/,
    );
    await expectSound();
  });

  it.each(HARM)('an artifact %s in the store too is made again, said aloud', async (_what, harm) => {
    const { sha256 = '' } =
      receiptOf('compile').files.find(({ path }) => path === 'flexattn/graphs/decoder.onnx') ?? {};
    harm(artifact());
    harm(join(root, '.flexattn/store', sha256.slice(0, 2), sha256));
    const ran = await nx('flexattn-runtime:compile');
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.produced).toEqual(['compile']);
    expect(ran.printed).toContain('compile: flexattn/graphs/decoder.onnx is missing or damaged in the store');
    await expectSound();
  });

  it('a receipt that was edited in the cache of Nx is refused', async () => {
    await expectProduced([]);
    const before = readFileSync(receiptFile('eval'), 'utf8');
    const cached = filesNamed('.nx/cache', 'runs/small/eval/receipt.json');
    expect(cached.length).toBeGreaterThan(0);
    for (const path of cached) edit(path, (text) => text.replace('"items": ', '"items": 9'));
    rmSync(join(runs(), 'eval'), { recursive: true });
    rmSync(join(root, '.flexattn/ran/small/eval'));
    const ran = await nx();
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.printed).toMatch(/eval: .*receipt\.json is damaged or was edited; it is not used/);
    expect(readFileSync(receiptFile('eval'), 'utf8')).toBe(before);
    await expectSound();
  });
});

describe('branches', () => {
  it('learning rate: training and after, not clean and init; both branches are kept', async () => {
    await expectProduced([]);
    await commit(root, 'as it is');
    const main = readFileSync(receiptFile('report'), 'utf8');
    await git(root, 'checkout', '-q', '-b', 'other');
    configure(({ train }) => (train['learningRate'] = 0.002));
    await commit(root, 'another learning rate');
    await expectProduced(['train', 'compile', 'infer', 'eval', 'report']);
    const other = readFileSync(receiptFile('report'), 'utf8');
    expect(other).not.toBe(main);
    for (const [branch, receipt] of [
      ['main', main],
      ['other', other],
    ] as const) {
      await git(root, 'checkout', '-q', branch);
      await expectProduced([]);
      expect(readFileSync(receiptFile('report'), 'utf8')).toBe(receipt);
    }
  });
});

describe('two at once', () => {
  it('one works, the other names it and ends with 75', async () => {
    const hold = join(dirname(root), 'hold');
    writeFileSync(hold, '');
    const python = interpreter(
      `case "$*" in *versions.py*) ;; *) while [ -e '${hold}' ]; do sleep 0.1; done;; esac`,
    );
    const env = { FLEXATTN_PYTHON: python };
    configure(({ train }) => (train['learningRate'] = 0.003));
    const isTraining = appears(runs(), '.train.lock');
    const first = nx('pipeline:all', env);
    await isTraining;
    const lock = JSON.parse(readFileSync(join(runs(), '.train.lock'), 'utf8')) as { pid: number };
    const second = await runNx(['run', 'pipeline:all', '-c', 'small'], env);
    const direct = await runCommand(
      process.execPath,
      [join(root, 'apps/pipeline/bin/flexattn.js'), 'all', '--config', 'small'],
      { cwd: root, env },
    );
    rmSync(hold);
    const ran = await first;
    for (const { stdout, stderr } of [second, direct])
      expect(stdout + stderr).toMatch(new RegExp(`process ${lock.pid} on .* is working here.*\\(LOCKED\\)`));
    expect(second.code).not.toBe(0);
    expect(direct.code).toBe(75);
    expect(ran.code, ran.printed).toBe(0);
    expect(ran.produced).toContain('train');
    await expectSound(env);
  });
});

describe('nx affected', () => {
  const affected = async () => {
    const shown = await runNx([
      'show',
      'projects',
      '--affected',
      '--base=HEAD~1',
      '--withTarget',
      'eval',
      '--json',
    ]);
    return JSON.parse(shown.stdout) as string[];
  };
  const withStages = async () => {
    const shown = await runNx(['show', 'projects', '--affected', '--base=HEAD~1', '--json']);
    return JSON.parse(shown.stdout) as string[];
  };

  it('picks eval and what it reads for the lock file alone', async () => {
    await commit(root, 'before');
    edit('flexattn.lock.json', (text) => text.replace(/"[0-9a-f]{64}"/, `"${'0'.repeat(64)}"`));
    await commit(root, 'data changed elsewhere');
    expect(await affected()).toEqual(['eval']);
    expect(await withStages()).toEqual(
      expect.arrayContaining(['data-prep', 'model-prep', 'train', 'flexattn-runtime', 'eval', 'pipeline']),
    );
  });

  it('picks nothing for documents', async () => {
    for (const path of ['README.md', 'libs/eval/README.md', 'tools/tiny/README.md'])
      appendFileSync(join(root, path), '\nAnd more.\n');
    mkdirSync(join(root, 'docs'), { recursive: true });
    writeFileSync(join(root, 'docs/new.md'), '# New\n');
    await commit(root, 'documents');
    expect(await affected()).toEqual([]);
  });
});

/** An interpreter in the workspace that runs `before` and then Python. */
function interpreter(before: string): string {
  const file = join(root, 'python.sh');
  writeFileSync(file, `#!/bin/sh\nreal='${PYTHON}'\n${before}\nexec "$real" "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Resolves when a file of this name is in the folder. */
function appears(folder: string, name: string): Promise<void> {
  return new Promise((done, fail) => {
    const watcher = watch(folder, () => {
      if (!existsSync(join(folder, name))) return;
      watcher.close();
      done();
    });
    watcher.on('error', fail);
  });
}
