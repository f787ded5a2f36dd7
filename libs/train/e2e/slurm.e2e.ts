import { existsSync, readdirSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openCheckpoint } from '@flexattn/model-prep';
import { launcherSettingsSchema } from '../src/launcher-settings.js';
import { TrainerWorld } from '../src/node/trainer.fixture.js';
import { train } from '../src/node/train.js';
import type { tinySettings } from '../src/settings.fixture.js';
import { SlurmCluster, until } from './slurm-cluster.js';

/** Said before the tests; null for root with Slurm's packages. */
const whyNot = inject('whyNotSlurm');
const CANARY = 'canary-5f0c';
const world = new TrainerWorld();
let cluster: SlurmCluster;
beforeAll(async () => {
  if (whyNot !== null) return;
  await world.make();
  cluster = await SlurmCluster.start();
  process.env['SLURM_CONF'] = cluster.conf;
  process.env['HF_TOKEN'] = CANARY;
});
afterAll(async () => {
  if (whyNot !== null) return;
  await cluster.stop();
  await world.remove();
});

const at = (...names: string[]) => join(world.folder, ...names);

/** A run of two processes, one on each machine. */
function options(out: string, settings: Partial<typeof tinySettings> = {}, slurm: object = {}) {
  const launcher = launcherSettingsSchema.parse({
    launcher: 'slurm',
    slurm: { partition: 'p', nodes: 2, time: '10', pollSeconds: 0.3, ...slurm },
  });
  return { ...world.options(out, { microBatchSize: 1, ...settings }), launcher, logs: at(`${out}.launch`) };
}

const jobOf = async (out: string) => (await readFile(at(`${out}.launch`, 'job.id'), 'utf8')).trim();
const stateOf = (id: string) =>
  / JobState=(\S+)/.exec(cluster.ask('scontrol', ['show', 'job', id, '--oneliner']))?.[1];

/** The environments of all processes that have `mark` in theirs. */
async function environmentsOf(mark: string): Promise<string> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    if (environment.includes(mark)) found.push(environment);
  }
  expect(found.length).toBeGreaterThan(0);
  return found.join('\n');
}

describe.skipIf(whyNot !== null)('a Slurm job of two machines', () => {
  const hostile = `it's "a" $(touch PWNED) \`touch PWNED\` ;touch PWNED #`;
  const out = join(hostile, 'two');
  const resumable = () => ({ ...options(out, { steps: 12 }), states: at(hostile, 'states') });

  it('writes a state at Ctrl-C and is gone', async () => {
    await mkdir(at(hostile));
    const stop = new AbortController();
    const running = train({ ...resumable(), signal: stop.signal, onStep: () => stop.abort() });
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED', exitCode: 130 });
    expect(cluster.ask('squeue', ['-h'])).toBe('');
  });

  it('goes on from it, and is not lost while the controller is away for ten seconds', async () => {
    let steps = 0;
    const running = train({ ...resumable(), onStep: () => void (steps += 1) });
    await until(() => steps > 0);
    await cluster.stopController();
    await wait(10_000);
    await cluster.startController();
    await expect(running).resolves.toMatchObject({ processes: 2, steps: 12, samples: 3 });
    expect(steps).toBeLessThan(12);
  });

  it('has the losses of one process, and ran nothing that is in a name', async () => {
    await train(world.options('one', { steps: 12 }));
    const [one, two] = [await world.lossesOf('one'), await world.lossesOf(out)];
    // 1e-4: float32 sums in another order, through the optimiser
    for (const [i, loss] of one.entries()) expect(two[i]).toBeCloseTo(loss, 4);
    await expect(openCheckpoint(at(out))).resolves.toBeDefined();
    for (const folder of [at(), at(hostile), at(`${out}.launch`), process.cwd()])
      expect(existsSync(join(folder, 'PWNED'))).toBe(false);
  });

  it('writes a state and queues again when its time is nearly over; sees no secret; says who cancelled it', async () => {
    let steps = 0;
    const states = at('again.states');
    const running = train({
      ...options('again', { steps: 100_000 }),
      states,
      onStep: () => void (steps += 1),
    });
    const failed = expect(running).rejects.toThrow(/ended as CANCELLED.*it goes on from the last state/);
    await until(() => steps > 0);
    const id = await jobOf('again');
    expect(await environmentsOf(`SLURM_JOB_ID=${id}`)).not.toContain(CANARY);
    expect(cluster.ask('scontrol', ['write', 'batch_script', id, '-'])).not.toContain(CANARY);
    await expect(train({ ...options('again'), states })).rejects.toThrow(
      new RegExp(`Slurm job ${id} of an earlier start is RUNNING; .*\\(JOB_RUNNING\\)`),
    );
    cluster.ask('scancel', ['--batch', '--signal=USR1', id]);
    await until(() => stateOf(id) === 'PENDING');
    expect(readdirSync(states, { recursive: true }).join(' ')).toMatch(/step-\d{8}\/\.metadata/);
    cluster.ask('scancel', [id]);
    await failed;
  });

  it('that fails is told with the last lines of the process that failed first', async () => {
    const running = train(options('failing', { learningRate: 1e30, warmupSteps: 0 }));
    await expect(running).rejects.toThrow(/step 2: loss nan, gradient norm nan, samples .*set onNaN to skip/);
  });

  it('that Slurm refuses says why', async () => {
    const running = train(options('refused', {}, { partition: 'no-such' }));
    await expect(running).rejects.toThrow(/sbatch refused: .*invalid partition.*\(SLURM_REFUSED\)/i);
    await expect(train({ ...options('refused'), logs: at('100%j') })).rejects.toThrow(
      /100%j: expected a path without "%".*\(BAD_SETTINGS\)/,
    );
  });
});
