import { describe, expect, it } from 'vitest';
import { processLine, RootCause } from './process-line.js';

describe('processLine', () => {
  it.each([
    ['[rank 1] Traceback', { rank: 1, text: 'Traceback' }],
    ['[rank 12] error: a[rank 12] b', { rank: 12, text: 'error: ab' }],
    ['[rank 1] ', { rank: 1, text: '' }],
    ['say [rank 1] x', { rank: undefined, text: 'say [rank 1] x' }],
    [
      '[rank1]:[E1123 ProcessGroupNCCL.cpp:690]',
      { rank: undefined, text: '[rank1]:[E1123 ProcessGroupNCCL.cpp:690]' },
    ],
  ])('%j', (line, expected) => expect(processLine(line)).toEqual(expected));
});

/** As torch.distributed.run 2.13 writes it. */
const report = (rank: number, exitCode: number) => `\
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
============================================================
t.py FAILED
------------------------------------------------------------
Failures:
[1]:
  time      : 2026-11-23_15:56:04
  host      : localhost
  rank      : 7 (local_rank: 0)
  exitcode  : -15 (pid: 2525)  (SIGTERM)
  error_file: <N/A>
  traceback : Signal 15 (SIGTERM) received by PID 2525
------------------------------------------------------------
Root Cause (first observed failure):
[0]:
  time      : 2026-11-23_15:56:04
  host      : localhost
  rank      : ${rank} (local_rank: 1)
  exitcode  : ${exitCode} (pid: 2526)
  error_file: <N/A>
  traceback : To enable traceback see: https://pytorch.org/docs/stable/elastic/errors.html
============================================================`;

function causeOf(...reports: string[]) {
  const cause = new RootCause();
  for (const line of reports.join('\n').split('\n')) cause.add(line);
  return cause.failed;
}

describe('RootCause', () => {
  it('is the process that torchrun saw fail first', () => {
    expect(causeOf(report(1, 1))).toEqual({ rank: 1, exitCode: 1 });
    expect(causeOf(report(3, -9))).toEqual({ rank: 3, exitCode: -9 });
  });

  it('is on the machine whose processes were not only told to end', () => {
    expect(causeOf(report(0, -15), report(4, 1))).toEqual({ rank: 4, exitCode: 1 });
    expect(causeOf(report(4, 1), report(0, 1))).toEqual({ rank: 4, exitCode: 1 });
  });

  it('is unknown without a report', () => {
    expect(causeOf('rank      : 1 (local_rank: 1)', 'exitcode  : 1 (pid: 7)')).toBeUndefined();
  });
});
