import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { faultAt, FAULTS, readCalls } from './fault.js';
import type { Calls, Fault } from './fault.js';
import { ManyRuns } from './many-runs.js';
import type { Ended } from './many-runs.js';
import { forgetAllOf, stepsOf } from './prepared-world.js';
import type { Proof, ProofOptions } from './proof.js';
import { endText, STAGES } from './small-world.js';
import type { SmallWorld, StageName } from './small-world.js';
import { inParallel } from './trials.js';
import { differences, tornFiles, worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

/** A setting of each stage that makes another result than the one that is there. */
const OTHER: Record<StageName, string> = {
  clean: 'clean.textOnly=drop',
  init: 'init.extra.threshold=30',
  train: 'train.seed=2',
  compile: 'models.0.threshold=30',
  infer: 'infer.threads=2',
  eval: 'eval.seed=2',
  report: 'train.learningRate=0.5',
};

/** A stage before its run, and what it may leave. */
interface Scene {
  stage: StageName;
  /** With an older result of the stage in its place, or none. */
  before: SmallWorld;
  old: WorldFiles;
  fresh: WorldFiles;
  calls: Calls;
}

interface Trial {
  scene: Scene;
  fault: Fault;
  /** The call that fails, from 0; of writes alone for SHORT. */
  at: number;
}

/** Faults of the training, which takes seconds each time; the other stages meet one at every call. */
const OF_TRAINING = 100;

export const faults: Proof = {
  name: 'faults',
  promise: 'a disk that is full or broken costs no result',
  test: `every file call of each stage fails in turn, of the training ${OF_TRAINING} (ENOSPC, EIO, EDQUOT, EMFILE, EACCES, or a write that takes half), with and without an older result; then the stage again`,
  count: OF_TRAINING,
  prove: async (options) => {
    const stages = options.count < STAGES.length ? (['clean'] as const) : STAGES;
    const scenes: Scene[] = [];
    for (const stage of stages) {
      for (const hasOld of [false, true]) scenes.push(await makeScene(options, stage, hasOld));
    }
    const trials = stages.flatMap((stage) =>
      trialsOf(
        scenes.filter((scene) => scene.stage === stage),
        options,
      ),
    );
    const free: Pair[] = [];
    const found = await inParallel(trials, options, async (trial, i) => {
      const pair = free.pop() ?? { failing: new ManyRuns(), next: new ManyRuns() };
      try {
        return await tryFault(trial, join(options.folder, `trial-${i}`), pair);
      } finally {
        free.push(pair);
      }
    }).finally(() => Promise.all(free.flatMap(({ failing, next }) => [failing.close(), next.close()])));
    const tried = stages.map((stage) => {
      const count = trials.filter((trial) => trial.scene.stage === stage).length;
      return `${stage} ${count} of ${mostCalls(scenes.filter((scene) => scene.stage === stage))}`;
    });
    const survived = found.filter(({ isSurvived }) => isSurvived).length;
    return {
      figure: `${trials.length} faults at file calls (${tried.join(', ')}): old or new artifacts each time; ${trials.length - survived} typed errors with their exit code, ${survived} did no harm; the same bytes after the next run`,
      failures: found.flatMap(({ problems }) => problems),
    };
  },
};

async function makeScene(
  { folder, finished }: ProofOptions,
  stage: StageName,
  hasOld: boolean,
): Promise<Scene> {
  const name = `${stage}-${hasOld ? 'old' : 'none'}`;
  const before = await (await finished()).copy(join(folder, name));
  const later = STAGES.slice(STAGES.indexOf(stage) + 1).flatMap(stepsOf);
  await forgetAllOf(before, hasOld ? later : [...stepsOf(stage), ...later]);
  const whole = await before.copy(join(folder, `${name}-whole`));
  const report = join(folder, `${name}.calls`);
  const args = ['--set', OTHER[stage]];
  await whole.runWell(stage, { ...faultAt(whole, { at: -1, code: 'EIO', report }), args });
  const fresh = await worldFiles(whole.folder);
  await rm(whole.folder, { recursive: true });
  return { stage, before, old: await worldFiles(before.folder), fresh, calls: await readCalls(report) };
}

const mostCalls = (scenes: readonly Scene[]) => Math.max(...scenes.map(({ calls }) => calls.calls));

/** Evenly among the calls, all faults in turn, with an older result every other time. */
function trialsOf(scenes: readonly Scene[], { count, seed }: ProofOptions): Trial[] {
  const [first] = scenes;
  if (first === undefined) throw new RangeError('no scene');
  const each =
    first.stage === 'train' ? count : Math.ceil(mostCalls(scenes) * Math.min(1, count / OF_TRAINING));
  const names = Object.keys(FAULTS) as Fault[];
  return Array.from({ length: each }, (_, i) => {
    const scene = scenes[(i + seed) % scenes.length] ?? first;
    const fault = names[(Math.floor(i / 2) + seed) % names.length] ?? 'EIO';
    const among = fault === 'SHORT' ? scene.calls.writes : scene.calls.calls;
    return { scene, fault, at: Math.floor(((i + 0.5) / each) * among) };
  });
}

/** Two processes: the one in which something failed is not the one that recovers. */
interface Pair {
  failing: ManyRuns;
  next: ManyRuns;
}

/** Runs a stage that starts programs in a process of its own: what it leaves running is told by its group. */
async function runFailing(
  { scene: { stage }, fault, at }: Trial,
  world: SmallWorld,
  { failing }: Pair,
): Promise<Ended> {
  const args = ['--set', OTHER[stage]];
  if (stage !== 'train') return failing.run(world, stage, args, { at, code: fault });
  const report = `${world.folder}.calls`;
  const ended = await world.run(stage, { ...faultAt(world, { at, code: fault, report }), args });
  return { ...ended, calls: await readCalls(report) };
}

async function tryFault(trial: Trial, folder: string, pair: Pair) {
  const { stage, before, old, fresh } = trial.scene;
  const { fault, at } = trial;
  const world = await before.copy(folder);
  const ended = await runFailing(trial, world, pair);
  const { failed } = ended.calls;
  const after = await worldFiles(folder);
  // A process of its own is gone by now, and what it could not unlock is free.
  if ([...after.keys()].some((path) => path.endsWith('.lock'))) await pair.failing.close();
  const isSurvived = ended.code === 0;
  const torn = tornFiles(after, fresh).filter((line) => tornFiles(after, old).includes(line));
  const isMixed = stepsOf(stage).some((step) => !isWhole(after, `runs/small/${step}/`, [old, fresh]));
  const isTyped = ended.code === FAULTS[fault] && /^error: .+ \([A-Z_]+\)$/m.test(ended.stderr);
  const again = await pair.next.run(world, stage, ['--set', OTHER[stage]]);
  const wrong = again.code === 0 ? differences(await worldFiles(folder), fresh) : [endText(again)];
  await rm(folder, { recursive: true, force: true });
  const problems = [
    ...torn,
    ...(isMixed ? ['old and new artifacts side by side'] : []),
    ...(isTyped || isSurvived ? [] : [`expected exit code ${FAULTS[fault]}, ${endText(ended)}`]),
    ...wrong.map((line) => `after the next run: ${line}`),
  ];
  const which = `${stage}, ${fault} at call ${at} (${failed ?? 'none'})`;
  return { isSurvived, problems: problems.map((line) => `${which}: ${line}`) };
}

/** Whether a folder holds the files of one of two worlds and no others, or nothing. */
function isWhole(found: WorldFiles, folder: string, worlds: readonly WorldFiles[]): boolean {
  const text = (files: WorldFiles) =>
    [...files]
      .filter(([path]) => path.startsWith(folder))
      .map((entry) => entry.join(' '))
      .sort()
      .join('\n');
  return text(found) === '' || worlds.some((world) => text(world) === text(found));
}
