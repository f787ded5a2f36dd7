import { describe, expect, it, vi } from 'vitest';
import { BackgroundSync } from './background-sync.js';

const MIB = 1024 * 1024;

/** A file whose syncs end when they are told to. */
function slowFile() {
  const ends: PromiseWithEnd[] = [];
  const sync = vi.fn(() => Promise.resolve());
  const datasync = vi.fn(() => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })));
  return { file: { sync, datasync }, ends };
}

interface PromiseWithEnd {
  resolve: () => void;
  reject: (cause: Error) => void;
}

describe('BackgroundSync', () => {
  it('begins after 32 MiB, one at a time, and ends with one of the whole file', async () => {
    const { file, ends } = slowFile();
    const sync = new BackgroundSync(file);
    sync.wrote(32 * MIB - 1);
    expect(file.datasync).not.toHaveBeenCalled();
    sync.wrote(1);
    sync.wrote(32 * MIB);
    expect(file.datasync).toHaveBeenCalledOnce();
    ends[0]?.resolve();
    await new Promise(setImmediate);
    sync.wrote(1);
    expect(file.datasync).toHaveBeenCalledTimes(2);
    const finished = sync.finish();
    expect(file.sync).not.toHaveBeenCalled();
    ends[1]?.resolve();
    await finished;
    expect(file.sync).toHaveBeenCalledOnce();
  });

  it('throws at the end what failed on the way, and begins none after it', async () => {
    const { file, ends } = slowFile();
    const sync = new BackgroundSync(file);
    sync.wrote(32 * MIB);
    ends[0]?.reject(new Error('EIO: i/o error, fdatasync'));
    await new Promise(setImmediate);
    sync.wrote(64 * MIB);
    expect(file.datasync).toHaveBeenCalledOnce();
    await expect(sync.finish()).rejects.toThrow('EIO');
    expect(file.sync).not.toHaveBeenCalled();
  });
});
