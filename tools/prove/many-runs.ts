import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from './checkout.js';
import { foldersOf } from './fault.js';
import type { Calls, Fault } from './fault.js';
import type { SmallWorld, StageName } from './small-world.js';

const RUN_MANY = join(ROOT, 'tools/prove/run-many.mjs');

/** How a run ended; `code` null: it took its process with it. */
export interface Ended {
  code: number | null;
  stderr: string;
  calls: Calls;
}

/** A process that runs stages one after another, as if each had one of its own. */
export class ManyRuns {
  #child: ChildProcess | undefined;

  /** Runs a stage whose call `at` fails; left out: none does. */
  async run(
    world: SmallWorld,
    stage: StageName,
    args: readonly string[],
    fault: { at: number; code: Fault } = { at: -1, code: 'EIO' },
  ): Promise<Ended> {
    const child = (this.#child ??= await startedChild());
    const { args: all, env, cwd } = world.command(stage, args);
    child.send({ args: all, cwd, env, fault: { folders: foldersOf(world), ...fault } });
    const ended = new AbortController();
    try {
      const answer = await Promise.race([
        once(child, 'message', { signal: ended.signal }).then(([message]) => message as Ended),
        once(child, 'exit', { signal: ended.signal }).then(() => undefined),
      ]);
      if (answer !== undefined) return answer;
      this.#child = undefined;
      return { code: null, stderr: 'its process ended with it', calls: { calls: 0, writes: 0 } };
    } finally {
      ended.abort();
    }
  }

  /** Ends the process; the next run has a new one. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

async function startedChild(): Promise<ChildProcess> {
  const child = fork(RUN_MANY, {
    execArgv: [],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return child;
}
