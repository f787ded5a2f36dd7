import { describe, expect, it } from 'vitest';
import type { KnownFailure } from './known-failures.js';
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
  waitingSeconds: 0,
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
        lossSpikes: 0,
        epochs: 4,
        parameters: 10,
        trainedParameters: 8,
        firstLoss: 4,
        lastLoss: 2,
      },
      ...{ device: 'cpu', processes: 1, python: '3.11.7', torch: '2.13.0' },
    });
  });

  it('counts what was done before a run went on, steps that changed nothing, and spikes', () => {
    const resumed = { event: 'resumed', losses: [5, null], skippedSteps: 1, lossSpikes: 1 };
    const spike = { ...step(4, 3), spike: ['7'] };
    const log = logOf(start, resumed, step(3, null), spike, done);
    const report = trainReport(log, { ...tinySettings, steps: 4 });
    expect(report).toMatchObject({ steps: 4, skippedSteps: 2, lossSpikes: 2, firstLoss: 5, lastLoss: 4 });
  });

  it('counts anew where a job was queued again', () => {
    const resumed = { event: 'resumed', losses: [5], skippedSteps: 0, lossSpikes: 0 };
    const seen: number[] = [];
    const log = new TrainerLog(
      () => seen.push(1),
      (steps) => seen.push(steps),
    );
    for (const line of [start, step(1, 5), step(2, 4), start, resumed, step(2, 3), step(3, 1), done])
      log.add(JSON.stringify(line));
    expect(trainReport(log, tinySettings)).toMatchObject({ steps: 3, firstLoss: 5, lastLoss: 3 });
    expect(seen.reduce((sum, steps) => sum + steps, 0)).toBe(3);
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
  const end = (message = '', known?: KnownFailure) => ({ message, known });
  const torchrun = [
    'Root Cause (first observed failure):',
    '  rank      : 1 (local_rank: 1)',
    '  exitcode  : 1 (pid: 2526)',
  ];

  it("is the trainer's own error where it has one", () => {
    const error = logOf(start, 'error: step 1: loss nan; lower it', 'E1123 elastic: failed').failure(end());
    expect(error.message).toBe('step 1: loss nan; lower it (TRAINING_FAILED)');
    expect(error.exitCode).toBe(2);
  });

  it('is its last 30 lines otherwise', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `trace ${i}`);
    const error = logOf(start, step(1, 2), ...lines).failure(end());
    expect(error.message).toMatch(
      /stopped after step 1; its last lines: trace 10 \| trace 11 .* trace 39 \(TRAINING_FAILED\)/,
    );
    expect(error.exitCode).toBe(70);
  });

  it('is told with the last 30 lines of the process that failed first', () => {
    const own = Array.from({ length: 40 }, (_, i) => `[rank 1] trace ${i}`);
    const other = ['[rank 0] Connection closed by peer', 'W1123 Sending process 2525 closing signal SIGTERM'];
    const { message } = logOf(start, ...own, ...other, ...torchrun).failure(end('exit code 1'));
    expect(message).toMatch(
      /before its first step, exit code 1, process 1 failed first \(exit code 1\); its last lines: trace 10 \| .* trace 39 \(/,
    );
    expect(message).not.toContain('closed by peer');
  });

  it('says what to do where it is known', () => {
    const lines = ['[rank 1] torch.OutOfMemoryError: CUDA out of memory.', ...torchrun];
    expect(logOf(start, ...lines).failure(end()).message).toMatch(
      /\(exit code 1\), a GPU ran out of memory; its last lines: .*; lower microBatchSize.* \(TRAINING_FAILED\)/,
    );
    const full = logOf(start, "error: [Errno 28] No space left on device: '/x'").failure(end());
    expect(full.message).toMatch(/^\[Errno 28\] No space left .*; free some space/);
    const killed = logOf(start, step(1, 2), 'last').failure(end('killed by SIGKILL'));
    expect(killed.message).toMatch(
      /after step 1, killed by SIGKILL, the system killed it.*; its last lines: last;/,
    );
    const job = end('Slurm job 7 ended as TIMEOUT', { what: 'too long', hint: 'raise it' });
    expect(logOf(start, 'last').failure(job).message).toBe(
      'the trainer stopped before its first step, Slurm job 7 ended as TIMEOUT, too long; its last lines: last; raise it (TRAINING_FAILED)',
    );
  });
});
