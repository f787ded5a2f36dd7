import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathExists } from '@flexattn/stage';
import { createRandom } from '../tiny/random.js';
import type { Random } from '../tiny/random.js';
import type { Proof, ProofOptions, ProofResult } from './proof.js';
import type { Outcome } from './real-process.js';
import { endText } from './small-world.js';
import type { SmallWorld, StageName } from './small-world.js';
import { differences, worldFiles } from './world-files.js';

/** Processes that start the same stage. */
const PROCESSES = 16;
/** In turn; the training comes last, as it is ten times as long. */
const STAGES: readonly StageName[] = ['clean', 'infer', 'init', 'eval', 'compile', 'report', 'train'];
/** What each command runs under a lock of its own. */
const STEPS: Partial<Record<StageName, readonly string[]>> = {
  train: ['tokens', 'train'],
  infer: ['items', 'infer'],
};
/** After its lock was seen. */
const LATEST_KILL_MS = 200;
const ELSEWHERE = 'another-host.invalid';
/** A minute longer than a lock outlives its host's last sign of life. */
const SILENT_MS = 11 * 60_000;

/** The promise that two processes never work on the same stage. `count`: rounds, of the stages in turn. */
export const severalAtOnce: Proof = {
  name: 'several-at-once',
  promise: 'several at once',
  test: `${PROCESSES} processes start the same stage, in every other round after one was killed while it held the lock; a lock of another host, alive and then silent`,
  count: 14,
  prove,
};

async function prove({
  count,
  seed,
  folder,
  finished,
  progress,
  signal,
}: ProofOptions): Promise<ProofResult> {
  const failures: string[] = [];
  const template = await finished();
  const reference = await worldFiles(template.folder);
  let [refused, late] = [0, 0];
  for (let round = 0; round < count && !signal.aborted; round++) {
    const stage = STAGES[round % STAGES.length] ?? 'clean';
    const fail = (what: string) => failures.push(`seed ${seed}, round ${round}, ${stage}: ${what}`);
    const world = await template.copy(join(folder, String(round)));
    await forget(world, stage);
    if (round % 2 === 1) await killWhileLocked(world, stage, createRandom(seed, `lock ${round}`));
    const started = Array.from({ length: PROCESSES }, () => world.start(stage, { args: ['--json'] }));
    const outcomes = await Promise.all(started.map(({ ended }) => ended));
    judge(stage, outcomes, new Set(started.map(({ pid }) => pid))).forEach(fail);
    refused += outcomes.filter(({ code }) => code === 75).length;
    late += outcomes.filter(({ code }) => code === 0).length - 1;
    differences(await worldFiles(world.folder), reference).forEach(fail);
    (await lockElsewhere(world, stage)).forEach(fail);
    await rm(world.folder, { recursive: true, force: true });
    progress(round + 1, count);
  }
  const figure =
    `${count} rounds of ${PROCESSES}: one worked in each, ${refused} ended with 75 and named its process, ${late} came later and found the result; ` +
    `${Math.floor(count / 2)} stale locks taken over; another host's lock held and was named, and was taken over ten minutes after its last sign of life`;
  return { figure, failures };
}

/** The work is to be done again: no artifacts, no receipt that would bring them back, no answers. */
async function forget(world: SmallWorld, stage: StageName): Promise<void> {
  const steps = STEPS[stage] ?? [stage];
  for (const step of steps) await rm(world.artifacts(step), { recursive: true, force: true });
  await rm(join(world.folder, '.flexattn/answers'), { recursive: true, force: true });
  const receipts = join(world.folder, '.flexattn/receipts');
  for (const name of await readdir(receipts)) {
    const receipt = JSON.parse(await readFile(join(receipts, name), 'utf8')) as { stage: string };
    if (steps.includes(receipt.stage)) await rm(join(receipts, name));
  }
}

/** Leaves the lock of a process that is gone, and nothing that it made: one that was too quick is started again. */
async function killWhileLocked(world: SmallWorld, stage: StageName, random: Random): Promise<void> {
  const [first = stage] = STEPS[stage] ?? [stage];
  const lock = lockOf(world, first);
  for (let within = LATEST_KILL_MS; ; within = Math.ceil(within / 2)) {
    const running = world.start(stage);
    let isOver = false;
    void running.ended.then(() => (isOver = true));
    while (!isOver && !(await pathExists(lock))) await wait(5);
    await wait(random.below(within));
    running.kill('group');
    await running.ended;
    const isMade = await pathExists(join(world.artifacts(first), 'receipt.json'));
    if (!isMade && (await pathExists(lock))) return;
    await forget(world, stage);
  }
}

/** What is wrong with how they ended. */
function judge(stage: StageName, outcomes: readonly Outcome[], pids: ReadonlySet<number>): string[] {
  const problems: string[] = [];
  const produced = new Map<string, number>();
  for (const outcome of outcomes) {
    if (outcome.code === 0) {
      const lines = outcome.stdout.trim().split('\n');
      for (const step of lines.map((line) => JSON.parse(line) as Step))
        if (step.outcome === 'produced') produced.set(step.stage, (produced.get(step.stage) ?? 0) + 1);
    } else {
      const [, pid] = /process (\d+) on \S+ is working here/.exec(outcome.stderr) ?? [];
      if (outcome.code !== 75 || !pids.has(Number(pid))) problems.push(`one ${endText(outcome)}`);
    }
  }
  // A process that made a first step may have lost the second one to another, and then it tells of neither.
  const last = (STEPS[stage] ?? [stage]).at(-1) ?? stage;
  if (produced.get(last) !== 1) problems.push(`${produced.get(last) ?? 0} processes did the work`);
  return problems;
}

interface Step {
  stage: string;
  outcome: string;
}

/** The lock of a host that gave a sign of life holds, and says whose it is; that of a silent one is taken over. */
async function lockElsewhere(world: SmallWorld, stage: StageName): Promise<string[]> {
  const lock = lockOf(world, stage);
  await writeFile(lock, JSON.stringify({ pid: 1, host: ELSEWHERE, started: 1, nonce: '0' }));
  const held = await world.run(stage);
  const silent = new Date(Date.now() - SILENT_MS);
  await utimes(lock, silent, silent);
  const free = await world.run(stage);
  const isNamed = held.stderr.includes(`process 1 on ${ELSEWHERE}`) && held.stderr.includes(lock);
  return [
    ...(held.code === 75 && isNamed ? [] : [`under the lock of another host it ${endText(held)}`]),
    ...(free.code === 0 ? [] : [`when that host was silent, it ${endText(free)}`]),
  ];
}

function lockOf(world: SmallWorld, step: string): string {
  return join(world.artifacts(step), '..', `.${step}.lock`);
}
