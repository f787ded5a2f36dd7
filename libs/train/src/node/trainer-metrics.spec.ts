import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runProgram } from '@flexattn/stage';
import { tinySettings } from '../settings.fixture.js';
import { parseTrainerLine } from '../trainer-line.js';
import { packageFolder } from './package-folder.js';
import { GOLDEN, python, TIMEOUT, TrainerWorld } from './trainer.fixture.js';

const world = new TrainerWorld();
const at = (...names: string[]) => join(world.folder, ...names);
beforeAll(() => world.make());
afterAll(() => world.remove());

/** Runs the trainer itself with a `sitecustomize.py`, which Python runs first: a stand-in for an installed package. */
async function runTrainer(out: string, settings: Partial<typeof tinySettings>, sitecustomize: string) {
  await mkdir(at('site'), { recursive: true });
  await writeFile(at('site', 'sitecustomize.py'), sitecustomize);
  const lines: string[] = [];
  const paths = ['--checkpoint', at('base'), '--data', at('data'), '--images', GOLDEN, '--out', at(out)];
  const text = JSON.stringify({ ...tinySettings, ...settings });
  await runProgram(python, ['-m', 'flexattn_train.train', ...paths, '--settings', text], {
    env: {
      PYTHONPATH: [at('site'), packageFolder].join(delimiter),
      PYTHONDONTWRITEBYTECODE: '1',
      BOARD: at('board.jsonl'),
    },
    onLine: (line) => lines.push(line),
  });
  return lines;
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('a loss spike', () => {
  /** Losses before, the last one, and whether it stands out. */
  const cases: [name: string, before: (number | null)[], last: number | null, spike: boolean][] = [
    ['above twice the usual loss', times(20, 1), 2.01, true],
    ['at twice the usual loss', times(20, 1), 2, false],
    ['after too few steps', times(19, 1), 9, false],
    ['after too few numbers', [...times(19, 1), null], 9, false],
    ['that is small, near zero', times(20, 0.01), 0.5, false],
    ['that is not small, near zero', times(20, 0.01), 0.52, true],
    ['that is no number', times(20, 1), null, false],
    ['of a run that has long left such losses', [...times(50, 9), ...times(50, 1)], 8, true],
  ];

  it('is told from losses that happen', async () => {
    const script = `
import json, sys
from flexattn_train.spikes import is_spike
print(json.dumps([is_spike(losses) for losses in json.loads(sys.argv[1])]))`;
    const losses = JSON.stringify(cases.map(([, before, last]) => [...before, last]));
    const { stdoutTail } = await runProgram(python, ['-c', script, losses], {
      env: { PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1' },
    });
    const found = JSON.parse(stdoutTail[0] ?? '') as boolean[];
    expect(cases.map(([name], i) => [name, found[i]])).toEqual(
      cases.map(([name, , , spike]) => [name, spike]),
    );
  });
});

describe('metrics', () => {
  it(
    'name the samples of a spike, and are drawn where TensorBoard is there',
    async () => {
      // One text to learn by heart, and one that says something else at its only, last turn.
      const line = (id: string, answer: number[]) =>
        JSON.stringify({ id, image: null, inputIds: [1, 5, 6, 7, ...answer], answers: [[4, 7]] });
      const usual = Array.from({ length: 24 }, (_, i) => line(String(i), [8, 9, 10]));
      await writeFile(
        at('data', 'tokens.jsonl'),
        `${usual.with(ODD, line('odd', [30, 31, 32])).join('\n')}\n`,
      );
      const settings = {
        steps: 24,
        batchSize: 1,
        microBatchSize: 1,
        learningRate: 1e-2,
        warmupSteps: 4,
        highres: false,
      };
      const said = await runTrainer('spike', { ...settings, tensorboardFolder: at('boards') }, BOARD);
      const steps = said.map(parseTrainerLine).filter((event) => event?.event === 'step');
      expect(steps.map(({ spike }) => spike)).toEqual([...times(23, undefined), ['odd']]);
      const metrics = (await readFile(at('spike', 'metrics.jsonl'), 'utf8')).trimEnd().split('\n');
      expect(JSON.parse(metrics.at(-1) ?? '')).toMatchObject({ step: 24, spike: ['odd'] });
      // Linear up to the peak, then half a cosine: half of the peak in the middle of the 20 steps that are left.
      const rates = [1, 2, 3, 4, 5, 15].map((step) => steps[step - 1]?.learningRate);
      for (const [i, rate] of [0.0025, 0.005, 0.0075, 0.01, 0.01, 0.005].entries())
        expect(rates[i]).toBeCloseTo(rate, 10);
      expect(steps.every(({ waitingSeconds }) => waitingSeconds >= 0)).toBe(true);

      const drawn = (await readFile(at('board.jsonl'), 'utf8')).trimEnd().split('\n');
      expect(JSON.parse(drawn[0] ?? '')).toEqual([at('boards', 'spike'), 1]);
      const losses = drawn.map((text) => JSON.parse(text) as unknown[]).filter(([name]) => name === 'loss');
      expect(losses).toEqual(steps.map(({ loss, step }) => ['loss', loss, step]));
      expect(drawn.at(-1)).toBe('"closed"');
    },
    TIMEOUT,
  );

  it(
    'are printed without TensorBoard, which is said once',
    async () => {
      const settings = { steps: 2, tensorboardFolder: at('none') };
      const said = await runTrainer('plain', settings, 'import sys; sys.modules["tensorboard"] = None');
      const notes = said.filter((line) => line.includes('tensorboard'));
      expect(notes).toEqual(['note: no TensorBoard files: this Python has no package tensorboard']);
      expect(said.filter((line) => parseTrainerLine(line)?.event === 'step')).toHaveLength(2);
      // A line that was copied and is run again: refused before it trains, not when it writes.
      await expect(runTrainer('plain', settings, '')).rejects.toThrow(
        /plain: expected a new folder, got one that exists/,
      );
    },
    TIMEOUT,
  );
});

/** The sample that comes last in the first epoch of 24, by seed 1. */
const ODD = 21;

/** A writer that keeps what it is told as JSON lines. */
const BOARD = `
import json, os, sys, types
class SummaryWriter:
    def __init__(self, folder, purge_step): self.write([folder, purge_step])
    def add_scalar(self, name, value, step): self.write([name, value, step])
    def close(self): self.write("closed")
    def write(self, what):
        with open(os.environ["BOARD"], "a") as file: file.write(json.dumps(what) + "\\n")
module = types.ModuleType("torch.utils.tensorboard")
module.SummaryWriter = SummaryWriter
sys.modules["torch.utils.tensorboard"] = module
`;
