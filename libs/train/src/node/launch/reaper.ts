import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';

/** A process that has not died of SIGKILL after 10 seconds waits for a device: nobody can end it. */
const ROUNDS = 500;

/**
 * A process that waits for the end of its standard input, ours, and then kills every process that has `name=value`
 * in the environment it was started with: grandchildren too, in whatever session they are, and their children. A
 * process group would miss those of torchrun, which are sessions of their own. Linux only: elsewhere there is no /proc,
 * and what reads its standard input ends by itself.
 */
const REAPER = String.raw`
const { readdirSync, readFileSync } = require('node:fs');
const mark = process.argv[1];
const marked = (pid) => {
  try { return readFileSync('/proc/' + pid + '/environ', 'latin1').split('\0').includes(mark); }
  catch (error) { if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(error.code)) return false; throw error; }
};
const kill = (pid) => {
  try { process.kill(pid, 'SIGKILL'); } catch (error) { if (error.code !== 'ESRCH') throw error; }
};
let rounds = 0;
const reap = () => {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && marked(name)).map(Number);
  found.forEach(kill);
  if (found.length > 0 && ++rounds < ${ROUNDS}) setTimeout(reap, 20);
};
process.stdin.resume().once('end', reap);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
`;

export interface Reaper {
  /** The variables that mark what is ours. */
  env: Record<string, string>;
  /** Kills what is left of it, and waits for that. */
  end(): Promise<void>;
}

/** Starts a process that outlives us by as long as it takes to kill what bears its mark, however we end. */
export async function startReaper(): Promise<Reaper> {
  const env = { FLEXATTN_LAUNCH: randomUUID() };
  if (process.platform !== 'linux') return { env, end: () => Promise.resolve() };
  const child = spawn(process.execPath, ['-e', REAPER, `FLEXATTN_LAUNCH=${env.FLEXATTN_LAUNCH}`], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  });
  await once(child, 'spawn');
  const ended = once(child, 'close');
  return {
    env,
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
