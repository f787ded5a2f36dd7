import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isGone, thisProcess } from './process-identity.js';

const hasProc = existsSync('/proc/self/stat');

describe('a process', () => {
  it('that runs is not gone', () => {
    expect(thisProcess()).toMatchObject({ pid: process.pid, host: hostname() });
    expect(isGone(thisProcess())).toBe(false);
    expect(isGone({ pid: process.ppid, host: hostname(), started: 0 })).toBe(false);
    expect(isGone({ pid: 1, host: hostname(), started: 0 })).toBe(false);
  });

  it('that was killed is gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await once(child, 'spawn');
    const identity = { pid: child.pid ?? 0, host: hostname(), started: 0 };
    expect(isGone(identity)).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isGone(identity)).toBe(true);
    expect(isGone({ ...identity, host: 'another-host' })).toBe(false);
  });

  it.runIf(hasProc)('whose number was given to another one is gone', () => {
    const { pid, host, started } = thisProcess();
    expect(started).toBeGreaterThan(0);
    expect(isGone({ pid, host, started: started - 1 })).toBe(true);
  });

  it.runIf(hasProc)('that ended and was not waited for is gone', async () => {
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(String(chunk));
    const stat = (of: number | undefined) => readFileSync(`/proc/${of}/stat`, 'utf8');
    while (!stat(parent.pid).includes('(sleep)')) await setTimeout(5);
    process.kill(pid, 'SIGKILL');
    while (!stat(pid).includes(') Z ')) await setTimeout(5);
    expect(isGone({ pid, host: hostname(), started: 0 })).toBe(true);
    parent.kill('SIGKILL');
    await once(parent, 'exit');
  });

  it.runIf(hasProc)('may have any name', async () => {
    const child = spawn('sh', ['-c', 'echo x; read line'], { argv0: 'a) Z 1 (' });
    await once(child.stdout, 'data');
    expect(isGone({ pid: child.pid ?? 0, host: hostname(), started: 0 })).toBe(false);
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
});
