import { describe, expect, it } from 'vitest';
import { createProgress, type ProgressOptions } from './progress.js';

/** A progress on a clock that stands still until it is moved. */
function progressAt(options: Partial<ProgressOptions> & { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  const clock = { time: 1_000_000 };
  const { isTTY, columns, ...rest } = options;
  const stream = { write: (text: string) => written.push(text), isTTY, columns };
  const progress = createProgress({
    label: 'clean',
    unit: 'samples',
    stream,
    now: () => clock.time,
    ...rest,
  });
  return { written, clock, progress };
}

describe('plain progress', () => {
  it('is silent for the first two seconds', () => {
    const { written, clock, progress } = progressAt({ total: 100 });
    for (let i = 0; i < 19; i += 1) {
      clock.time += 100;
      progress.advance(1);
    }
    clock.time += 99;
    progress.advance(1);
    expect(written).toEqual([]);
    clock.time += 1;
    progress.advance(0);
    expect(written).toEqual(['clean: 20 samples of 100 samples, 10.0 samples/s, 8 s left\n']);
  });

  it('says nothing of quick work', () => {
    const { written, clock, progress } = progressAt();
    progress.advance(5);
    clock.time += 1999;
    progress.finish('all good');
    expect(written).toEqual([]);
  });

  it('writes a line every five seconds', () => {
    const { written, clock, progress } = progressAt();
    for (let i = 0; i < 120; i += 1) {
      clock.time += 100;
      progress.advance(1);
    }
    progress.finish();
    expect(written).toEqual([
      'clean: 20 samples, 10.0 samples/s\n',
      'clean: 70 samples, 10.0 samples/s\n',
      'clean: 120 samples, 10.0 samples/s\n',
      'clean: 120 samples in 12 s\n',
    ]);
  });

  it('shows details', () => {
    const { written, clock, progress } = progressAt({ label: 'train', unit: 'steps', total: 400 });
    clock.time += 4000;
    progress.advance(10, 'loss 0.31');
    progress.finish('loss 0.30');
    expect(written).toEqual([
      'train: 10 steps of 400 steps, 2.5 steps/s, 2 min 36 s left, loss 0.31\n',
      'train: 10 steps in 4 s, loss 0.30\n',
    ]);
  });

  it('ends slow work that never advanced', () => {
    const { written, clock, progress } = progressAt({ total: 3 });
    clock.time += 2000;
    progress.finish();
    expect(written).toEqual(['clean: 0 samples in 2 s\n']);
  });

  it('says nothing when quiet', () => {
    const { written, clock, progress } = progressAt({ quiet: true, isTTY: true });
    clock.time += 60_000;
    progress.advance(5);
    progress.finish();
    expect(written).toEqual([]);
  });

  it.each([
    ['no total', undefined, 1, 10, '1 samples, 0.1 samples/s'],
    ['nothing done', 10, 0, 10, '0 samples of 10 samples, 0.0 samples/s'],
    ['more than all', 10, 20, 10, '20 samples of 10 samples, 2.0 samples/s, 0 s left'],
    ['seconds', 60, 1, 1, undefined],
    ['just under a minute', 697, 100, 10, '100 samples of 697 samples, 10.0 samples/s, 1 min 0 s left'],
    ['minutes', 850, 100, 10, '100 samples of 850 samples, 10.0 samples/s, 1 min 15 s left'],
    ['hours', 100_000, 100, 10, '100 samples of 100000 samples, 10.0 samples/s, 2 h 46 min left'],
    ['fast', 10_000, 5000, 10, '5000 samples of 10000 samples, 500 samples/s, 10 s left'],
  ])('estimates: %s', (_, total, done, seconds, line) => {
    const { written, clock, progress } = progressAt({ total });
    clock.time += seconds * 1000;
    progress.advance(done);
    expect(written).toEqual(line === undefined ? [] : [`clean: ${line}\n`]);
  });

  it('shows bytes in MB', () => {
    const { written, clock, progress } = progressAt({ unit: 'bytes', total: 40_000_000 });
    clock.time += 10_000;
    progress.advance(15_500_000);
    progress.finish();
    expect(written).toEqual(['clean: 15.5 MB of 40.0 MB, 1.6 MB/s, 16 s left\n', 'clean: 15.5 MB in 10 s\n']);
  });
});

describe('progress on a terminal', () => {
  it('redraws one line ten times a second and ends it', () => {
    const { written, clock, progress } = progressAt({ isTTY: true });
    for (let i = 0; i < 44; i += 1) {
      clock.time += 50;
      progress.advance(1);
    }
    progress.finish();
    expect(written).toEqual([
      '\r\u001b[2Kclean: 40 samples, 20.0 samples/s',
      '\r\u001b[2Kclean: 42 samples, 20.0 samples/s',
      '\r\u001b[2Kclean: 44 samples, 20.0 samples/s',
      '\r\u001b[2Kclean: 44 samples in 2 s',
      '\n',
    ]);
  });

  it.each([
    ['narrow', 20, 19],
    ['of unknown width', 0, 99],
    ['without a width', undefined, 99],
  ])('fits a terminal that is %s', (_, columns, width) => {
    const { written, clock, progress } = progressAt({
      isTTY: true,
      ...(columns === undefined ? {} : { columns }),
    });
    clock.time += 3000;
    progress.advance(1, 'x'.repeat(200));
    expect(written.map((text) => text.replace('\r\u001b[2K', '').length)).toEqual([width]);
  });
});
