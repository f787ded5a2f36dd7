import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { acquireLock, withLock } from './lock.js';
import { thisProcess } from './process-identity.js';
import { CompiledLib } from './real-process.fixture.js';
import { temporaryFolder } from './temporary-folder.fixture.js';

let lib: CompiledLib;
beforeAll(async () => {
  lib = await CompiledLib.make();
});
afterAll(() => lib.remove());

const HOLD = `
  import { acquireLock } from './src/node/lock.js';
  await acquireLock(process.argv[2]);
  console.log('locked');
  await new Promise((resolve) => setTimeout(resolve, 60_000));`;

/** A number that no process has: beyond the limit of Linux. */
const NO_PID = 2 ** 22 + 1;

describe('acquireLock', () => {
  it('is taken, released and taken again, and leaves nothing', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'new', '.clean.lock');
    for (let i = 0; i < 3; i += 1) {
      const release = await acquireLock(path);
      expect(await readdir(join(folder, 'new'))).toEqual(['.clean.lock']);
      expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(thisProcess());
      await release();
    }
    expect(await readdir(join(folder, 'new'))).toEqual([]);
  });

  it('refuses a second holder in the same process', async () => {
    const path = join(await temporaryFolder(), 'lock');
    const release = await acquireLock(path);
    await expect(acquireLock(path)).rejects.toMatchObject({ code: 'LOCKED', exitCode: 75, file: path });
    await release();
    await (
      await acquireLock(path)
    )();
  });

  it('names the process that holds it, and takes over when it was killed', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'lock');
    const holder = await lib.start(HOLD, path);
    await holder.said('locked');
    await expect(acquireLock(path)).rejects.toThrow(
      `${path}: process ${holder.pid} on ${hostname()} is working here; wait for it to end, or stop it (LOCKED)`,
    );
    holder.kill('SIGKILL');
    await holder.ended;
    expect(existsSync(path)).toBe(true);
    await (
      await acquireLock(path)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not release the lock of a later holder', async () => {
    const path = join(await temporaryFolder(), 'lock');
    const release = await acquireLock(path);
    await writeFile(path, 'taken by somebody after the file was removed by hand');
    await release();
    expect(existsSync(path)).toBe(true);
  });

  const gone = { pid: NO_PID, host: hostname(), started: 0 };
  it.each([
    ['of a process that is gone', JSON.stringify(gone)],
    ['of an earlier process with our number', JSON.stringify({ ...thisProcess(), started: 1 })],
    ['that is empty, after a power cut', ''],
    ['that is no JSON', '{"pid":'],
    ['of another shape', '{"pid":"1"}'],
  ])('takes over a lock %s', async (_, text) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'lock');
    await writeFile(path, text);
    const release = await acquireLock(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    await release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('cannot check another host', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'another-host', started: 0 }));
    await expect(acquireLock(path)).rejects.toThrow(
      'process 1 on another-host is working here; wait for it to end, or stop it; if that host is gone, its lock is void ten minutes after the last sign of it (LOCKED)',
    );
    expect(existsSync(path)).toBe(true);
  });

  const elsewhere = JSON.stringify({ pid: 1, host: 'another-host', started: 0 });
  it.each([
    [9, false],
    [11, true],
  ])('takes over from another host that gave no sign for %i minutes: %s', async (minutes, isTaken) => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, elsewhere);
    const then = new Date(Date.now() - minutes * 60_000);
    await utimes(path, then, then);
    const [result] = await Promise.allSettled([acquireLock(path)]);
    expect(result.status).toBe(isTaken ? 'fulfilled' : 'rejected');
    if (result.status === 'fulfilled') await result.value();
  });

  it('gives a sign of life while it is held', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const path = join(await temporaryFolder(), 'lock');
      const release = await acquireLock(path);
      const then = new Date(0);
      await utimes(path, then, then);
      vi.advanceTimersByTime(30_000);
      await vi.waitFor(async () => expect((await stat(path)).mtimeMs).toBeGreaterThan(0));
      await release();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('takes over from a process that was killed while it took over', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'lock');
    await writeFile(path, JSON.stringify(gone));
    await stopTakingOver(path);
    expect(await readdir(folder)).toHaveLength(3);
    await (
      await acquireLock(path)
    )();
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not remove the lock of a process that took over faster', async () => {
    const folder = await temporaryFolder();
    const [path, go] = [join(folder, 'lock'), join(folder, 'go')];
    await writeFile(path, JSON.stringify(gone));
    const slower = await lib.start(SLOW, path, go);
    await slower.said('found it stale');
    const release = await acquireLock(path);
    await writeFile(go, '');
    const end = await slower.ended;
    expect(end.code).toBe(75);
    expect(end.stdout).toContain(`process ${process.pid} on`);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(thisProcess());
    await release();
    expect(await readdir(folder)).toEqual(['go']);
  });

  it('tells a wrong path', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expect(acquireLock(join(folder, 'file', 'lock'))).rejects.toMatchObject({ code: 'FILE_MISSING' });
    await expect(acquireLock(folder)).rejects.toMatchObject({ code: 'NOT_A_FILE' });
  });
});

/** Stops between finding the lock stale and removing it, until a file appears. */
const SLOW = `
  import fs from 'node:fs/promises';
  import { existsSync } from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  const [path, go] = process.argv.slice(2);
  const { readFile } = fs;
  let stopped = false;
  fs.readFile = async (file, ...rest) => {
    const text = await readFile(file, ...rest);
    if (file !== path || stopped) return text;
    stopped = true;
    console.log('found it stale');
    while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
    return text;
  };
  syncBuiltinESMExports();
  const { acquireLock } = await import('./src/node/lock.js');
  await acquireLock(path).catch((error) => {
    console.log(error.message);
    process.exitCode = error.exitCode;
  });`;

/** A real process that is killed by itself when it is about to remove the stale lock. */
async function stopTakingOver(path: string): Promise<void> {
  const script = await lib.start(
    `
    import fs from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const { rm } = fs;
    fs.rm = (file, options) => {
      if (file === process.argv[2]) process.kill(process.pid, 'SIGKILL');
      return rm(file, options);
    };
    syncBuiltinESMExports();
    const { acquireLock } = await import('./src/node/lock.js');
    await acquireLock(process.argv[2]);`,
    path,
  );
  expect(await script.ended).toMatchObject({ signal: 'SIGKILL' });
}

/**
 * Waits for a common start, then takes the lock again and again. Inside it writes its number into a file, waits and
 * reads it: another holder at the same time would have changed it.
 */
const CONTEND = `
  import { readFile, writeFile } from 'node:fs/promises';
  import { existsSync } from 'node:fs';
  import { acquireLock } from './src/node/lock.js';
  const [path, inside, go, rounds] = process.argv.slice(2);
  console.log('ready');
  while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 5));
  let held = 0;
  for (let round = 0; round < Number(rounds); round += 1) {
    let release;
    try {
      release = await acquireLock(path);
    } catch (error) {
      if (error.code !== 'LOCKED' || error.exitCode !== 75) throw error;
      continue;
    }
    held += 1;
    await writeFile(inside, String(process.pid));
    for (let i = 0; i < 5; i += 1) await new Promise(setImmediate);
    if ((await readFile(inside, 'utf8')) !== String(process.pid)) throw new Error('two inside');
    if (round > Number(rounds) - 3) break; // it ends with its lock held
    await release();
  }
  console.log('held ' + held);`;

it('is held by one of sixteen processes at a time, though the first lock is stale and most die with theirs', async () => {
  const folder = await temporaryFolder();
  const [path, inside, go] = [join(folder, 'lock'), join(folder, 'inside'), join(folder, 'go')];
  await writeFile(path, JSON.stringify({ pid: NO_PID, host: hostname(), started: 0 }));
  const scripts = await Promise.all(
    Array.from({ length: 16 }, () => lib.start(CONTEND, path, inside, go, '30')),
  );
  await Promise.all(scripts.map((script) => script.said('ready')));
  await writeFile(go, '');
  const ends = await Promise.all(scripts.map((script) => script.ended));
  expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ends.map(() => ({ code: 0, stderr: '' })),
  );
  const held = ends.map(({ stdout }) => Number(/held (\d+)/.exec(stdout)?.[1]));
  expect(Math.max(...held)).toBeGreaterThan(0);
  await (
    await acquireLock(path)
  )();
  expect((await readdir(folder)).sort()).toEqual(['go', 'inside']);
});

describe('withLock', () => {
  it('holds the lock while the work runs, and releases it after a failure too', async () => {
    const path = join(await temporaryFolder(), 'lock');
    expect(await withLock(path, () => Promise.resolve(existsSync(path)))).toBe(true);
    expect(existsSync(path)).toBe(false);
    const failure = new Error('the work failed');
    await expect(withLock(path, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(existsSync(path)).toBe(false);
  });

  it('says which file could not be released', async () => {
    const path = join(await temporaryFolder(), 'lock');
    const replaced = withLock(path, async () => {
      await rm(path);
      await mkdir(path);
    });
    await expect(replaced).rejects.toMatchObject({ code: 'NOT_A_FILE', file: path });
  });
});
