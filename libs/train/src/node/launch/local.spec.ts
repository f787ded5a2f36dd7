import { existsSync } from 'node:fs';
import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchPlan } from '../../launch-plan.js';
import type { LaunchPlan } from '../../launch-plan.js';
import { launcherSettingsSchema } from '../../launcher-settings.js';
import { packageFolder } from '../package-folder.js';
import { train } from '../train.js';
import { python, TIMEOUT, TrainerWorld } from '../trainer.fixture.js';
import { LauncherProcess } from './launcher-process.fixture.js';
import { launchTraining } from './launch.js';
import { localLaunch } from './local.js';

const CANARY = 'canary-9b1e';
const world = new TrainerWorld();
beforeAll(() => world.make());
afterAll(() => world.remove());

const launchers: LauncherProcess[] = [];
afterEach(async () => {
  for (const launcher of launchers.splice(0)) await launcher.remove();
});

async function launcherProcess(): Promise<LauncherProcess> {
  const launcher = await LauncherProcess.make(await mkdtemp(join(tmpdir(), 'flexattn-launcher-')));
  launchers.push(launcher);
  return launcher;
}

/** The trainer as two processes that would run for hours. */
function twoProcesses(out: string): LaunchPlan {
  const { settings, ...paths } = world.options(out, { processes: 2, microBatchSize: 1, steps: 100_000 });
  return launchPlan({ ...paths, packageFolder, logs: join(world.folder, 'logs') }, settings);
}

/** Two processes under torchrun, each with a child that left its session. */
async function withGrandchildren(): Promise<LaunchPlan> {
  const script = join(world.folder, 'grandchildren.py');
  const text = `
import subprocess, time
subprocess.Popen(["sleep", "1000"], start_new_session=True)
print("up", flush=True)
time.sleep(1000)
`;
  await writeFile(script, text);
  const args = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2', script];
  return { program: python, args, env: { OMP_NUM_THREADS: '1' } };
}

describe.runIf(existsSync('/proc'))('two processes on this machine', () => {
  it(
    'are gone within two seconds of a kill -9 of their launcher',
    async () => {
      const launcher = await launcherProcess();
      await launcher.run(twoProcesses('killed'), [['"event": "step"', 'SIGKILL']]);
      expect(await launcher.leftAfter(2000)).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'are gone with their children, and while they still start',
    async () => {
      for (const text of ['up', 'launched']) {
        const launcher = await launcherProcess();
        const plan = await withGrandchildren();
        if (text === 'launched')
          plan.args.splice(
            0,
            2,
            '-c',
            'import runpy; print("launched", flush=True); runpy.run_module("torch.distributed.run", run_name="__main__", alter_sys=True)',
          );
        await launcher.run(plan, [[text, 'SIGKILL']]);
        expect(await launcher.leftAfter(2000)).toEqual([]);
      }
    },
    TIMEOUT,
  );

  it(
    'end at once at the second Ctrl-C',
    async () => {
      const launcher = await launcherProcess();
      await launcher.run(await withGrandchildren(), [
        ['up', 'SIGINT'], // they do not listen to the first
        ['up', 'SIGINT'],
      ]);
      expect(launcher.exitCode).toBe(130);
      expect(await launcher.leftAfter(2000)).toEqual([]);
    },
    TIMEOUT,
  );

  it(
    'end their step and write a state at the first Ctrl-C',
    async () => {
      const stop = new AbortController();
      const settings = { processes: 2, microBatchSize: 1, steps: 12 };
      const options = { ...world.options('stopped', settings), states: join(world.folder, 'states') };
      let steps = 0;
      const onStep = () => void ((steps += 1) === 2 && stop.abort());
      await expect(train({ ...options, signal: stop.signal, onStep })).rejects.toMatchObject({
        code: 'INTERRUPTED',
        exitCode: 130,
      });
      const states = await readdir(options.states, { recursive: true });
      expect(states.filter((name) => name.endsWith('.metadata'))).toHaveLength(1);
    },
    TIMEOUT,
  );

  it(
    'tell the error of the one that failed first',
    async () => {
      const script = join(world.folder, 'failing.py');
      const text = `
import os, sys, time
if os.environ["RANK"] == "1":
    raise ImportError("No module named 'safetensors'")
time.sleep(1000)
`;
      await writeFile(script, text);
      const { program, args, env } = twoProcesses('failed');
      const plan = { program, args: [...args.slice(0, args.indexOf('-m', 2)), script], env };
      const lines: string[] = [];
      const launch = localLaunch(plan)({ onLine: (line) => lines.push(line), say: () => undefined });
      await expect(launch).rejects.toMatchObject({ name: 'Error' });
      expect(lines).toContain("[rank 1] ImportError: No module named 'safetensors'");
    },
    TIMEOUT,
  );
});

describe('a program on this machine', () => {
  it('sees no secret of the environment, in variables or arguments', async () => {
    const secrets = ['HF_TOKEN', 'FLEXATTN_JUDGE_KEY', 'AWS_SECRET_ACCESS_KEY', 'PIP_INDEX_URL', 'SLURM_JWT'];
    for (const name of secrets) vi.stubEnv(name, CANARY);
    vi.stubEnv('NCCL_DEBUG', 'INFO');
    try {
      const tell = 'import json, os, sys; print(json.dumps([sys.argv, dict(os.environ)]))';
      const { program, args, env } = twoProcesses('told');
      const lines: string[] = [];
      const launch = localLaunch({ program, args: ['-c', tell, ...args], env });
      await launch({ onLine: (line) => lines.push(line), say: () => undefined });
      expect(lines.join()).not.toContain(CANARY);
      expect(lines.join()).toContain('"NCCL_DEBUG": "INFO"');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('two machines', () => {
  it('are started each by itself: a training is followed on the first', async () => {
    const launcher = launcherSettingsSchema.parse({
      rendezvous: { nodes: 2, endpoint: '127.0.0.1:9', nodeRank: 1 },
    });
    const { settings, ...options } = world.options('follower', { microBatchSize: 1 });
    await expect(launchTraining({ ...options, launcher }, settings)).rejects.toThrow(
      /nodeRank: expected nodeRank 0, got 1.*--print-command.*\(BAD_SETTINGS\)/,
    );
  });

  it(
    'meet at an endpoint and train what one process trains',
    async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      const port = typeof address === 'object' ? address?.port : undefined;
      await new Promise((closed) => server.close(closed));
      const options = world.options('met', { microBatchSize: 1 });
      const rendezvous = { nodes: 2, endpoint: `127.0.0.1:${port}`, nodeRank: 0 };
      const second = launchPlan({ ...options, packageFolder }, options.settings, {
        ...rendezvous,
        nodeRank: 1,
      });
      const silent = { onLine: () => undefined, say: () => undefined };
      const [report] = await Promise.all([
        train({ ...options, launcher: launcherSettingsSchema.parse({ rendezvous }) }),
        localLaunch(second)(silent),
      ]);
      expect(report).toMatchObject({ processes: 2, steps: 3 });
    },
    TIMEOUT,
  );
});
