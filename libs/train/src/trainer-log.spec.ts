import { describe, expect, it } from 'vitest';
import { tinySettings } from './settings.fixture.js';
import { TrainerLog, trainReport } from './trainer-log.js';

const start = {
  event: 'start',
  python: '3.11.7',
  torch: '2.13.0',
  device: 'cpu',
  processes: 1,
  samples: 3,
  parameters: 10,
  trainedParameters: 8,
};
const step = (n: number, loss: number | null) => ({
  event: 'step',
  step: n,
  loss,
  learningRate: 1,
  gradNorm: 1,
  ...(loss === null ? { skipped: ['7'] } : {}),
  samplesPerSecond: 1,
  tokensPerSecond: 1,
  memoryMegabytes: 1,
});
const done = { event: 'done', tensors: 4 };

function logOf(...lines: (object | string)[]): TrainerLog {
  const log = new TrainerLog(() => undefined);
  for (const line of lines) log.add(typeof line === 'string' ? line : JSON.stringify(line));
  return log;
}

describe('trainReport', () => {
  it('tells samples, passes and losses of a run that ended', () => {
    expect(
      trainReport(
        logOf('some warning', start, step(1, 4), '{"half', step(2, 2), step(3, 0), done),
        tinySettings,
      ),
    ).toEqual({
      ...{
        samples: 3,
        steps: 3,
        skippedSteps: 0,
        epochs: 4,
        parameters: 10,
        trainedParameters: 8,
        firstLoss: 4,
        lastLoss: 2,
      },
      ...{ device: 'cpu', processes: 1, python: '3.11.7', torch: '2.13.0' },
    });
  });

  it('counts what was done before a run went on, and steps that changed nothing', () => {
    const resumed = { event: 'resumed', losses: [5, null], skippedSteps: 1 };
    const log = logOf(start, resumed, step(3, null), step(4, 3), done);
    const report = trainReport(log, { ...tinySettings, steps: 4 });
    expect(report).toMatchObject({ steps: 4, skippedSteps: 2, firstLoss: 5, lastLoss: 4 });
  });

  it.each([
    ['its last line', [start, step(1, 4), step(2, 2), step(3, 0)]],
    ['its first line', [step(1, 4), step(2, 2), step(3, 3), done]],
    ['a step', [start, step(1, 4), done]],
  ])('refuses the output of a trainer without %s', (_, lines) => {
    expect(() => trainReport(logOf(...lines), tinySettings)).toThrow(/expected 3 steps .*\(BAD_OUTPUT\)/);
  });
});

describe('failure', () => {
  it("is the trainer's own error where it has one", () => {
    const error = logOf(start, 'error: step 1: loss nan; lower it', 'E1123 elastic: failed').failure(
      undefined,
    );
    expect(error.message).toBe('step 1: loss nan; lower it (TRAINING_FAILED)');
    expect(error.exitCode).toBe(2);
  });

  it('is its last 30 lines otherwise', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `trace ${i}`);
    const error = logOf(start, step(1, 2), ...lines).failure(undefined);
    expect(error.message).toMatch(
      /stopped after step 1; its last lines: trace 10 \| trace 11 .* trace 39 \(TRAINING_FAILED\)/,
    );
    expect(error.exitCode).toBe(70);
  });
});
