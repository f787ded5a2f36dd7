import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { Rendezvous } from '../launch-plan.js';

/** Between two tries to reach a machine that has not begun to listen. */
const PAUSE_MS = 500;

/**
 * Whether the machines of a run can meet: the first must be known by its name, and all others must reach its port.
 * They are started by hand one after the other, so a port that nobody listens at is tried until `timeoutMs` is over.
 *
 * @returns why not; undefined where they can
 */
export async function unreachable(
  { endpoint, nodeRank }: Rendezvous,
  { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const [, host = '', port] = /^\[?(.*?)\]?:(\d+)$/.exec(endpoint) ?? [];
  const end = Date.now() + timeoutMs;
  if (nodeRank === 0) return reason(() => lookup(host));
  for (;;) {
    signal?.throwIfAborted();
    const left = Math.max(1, end - Date.now());
    const why = await reason(() => touch(host, Number(port), left));
    if (why === undefined || Date.now() + PAUSE_MS >= end) return why;
    await wait(PAUSE_MS, undefined, signal && { signal });
  }
}

/** Opens a connection and closes it. */
async function touch(host: string, port: number, timeoutMs: number): Promise<void> {
  const socket = connect({ host, port });
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}

async function reason(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
