import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { faultAt, FAULTS, readCalls } from './fault.js';
import type { Calls, Fault } from './fault.js';
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

export const faults: Proof = {
  name: 'faults',
  promise: 'a disk that is full or broken costs no result',
  test: 'one file call of a stage fails (ENOSPC, EIO, EDQUOT, EMFILE, EACCES, or a write that takes half), with and without an older result; then the stage again',
  count: 1050,
  prove: async (options) => {
    const stages = options.count < STAGES.length ? (['clean'] as const) : STAGES;
    const each = Math.max(1, Math.floor(options.count / stages.length));
    const scenes: Scene[] = [];
    for (const stage of stages) {
      for (const hasOld of [false, true]) scenes.push(await makeScene(options, stage, hasOld));
    }
    const trials = stages.flatMap((stage) =>
      trialsOf(
        scenes.filter((scene) => scene.stage === stage),
        each,
        options.seed,
      ),
    );
    const found = await inParallel(trials, options, (trial, i) =>
      tryFault(trial, join(options.folder, `trial-${i}`)),
    );
    const calls = scenes.filter((_, i) => i % 2 === 1).map(({ stage, calls }) => `${stage} ${calls.calls}`);
    const survived = found.filter(({ isSurvived }) => isSurvived).length;
    return {
      figure: `${trials.length} faults, evenly among the file calls of each stage (${calls.join(', ')}): old or new artifacts each time; ${trials.length - survived} typed errors with their exit code, ${survived} did no harm; the same bytes after the next run`,
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

/** Evenly among the calls, all faults in turn, with an older result every other time. */
function trialsOf(scenes: readonly Scene[], each: number, seed: number): Trial[] {
  const names = Object.keys(FAULTS) as Fault[];
  return Array.from({ length: each }, (_, i) => {
    const scene = scenes[(i + seed) % scenes.length];
    const fault = names[(Math.floor(i / 2) + seed) % names.length];
    if (scene === undefined || fault === undefined) throw new RangeError('no scene');
    const among = fault === 'SHORT' ? scene.calls.writes : scene.calls.calls;
    return { scene, fault, at: Math.floor(((i + 0.5) / each) * among) };
  });
}

async function tryFault({ scene, fault, at }: Trial, folder: string) {
  const { stage, before, old, fresh } = scene;
  const world = await before.copy(folder);
  const report = `${folder}.calls`;
  const args = ['--set', OTHER[stage]];
  const ended = await world.run(stage, { ...faultAt(world, { at, code: fault, report }), args });
  const { failed } = await readCalls(report);
  const after = await worldFiles(folder);
  const isSurvived = ended.code === 0;
  const torn = tornFiles(after, fresh).filter((line) => tornFiles(after, old).includes(line));
  const isMixed = stepsOf(stage).some((step) => !isWhole(after, `runs/small/${step}/`, [old, fresh]));
  const isTyped = ended.code === FAULTS[fault] && /^error: .+ \([A-Z_]+\)$/m.test(ended.stderr);
  const again = await world.run(stage, { args });
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
