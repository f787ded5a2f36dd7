import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../tiny/random.js';
import { FLEXATTN, pythonProgram, ROOT } from './checkout.js';
import type { Proof, ProofOptions, ProofResult } from './proof.js';
import { killProcess, processesOf, startProcess, untilAlone } from './real-process.js';
import type { Found, RealProcess } from './real-process.js';
import { endText } from './small-world.js';
import type { SmallWorld } from './small-world.js';

/** The promise: nothing runs on any longer than this. */
const GONE_MS = 2000;
/** A trainer of two processes is up after ten seconds on a busy machine; one that never comes fails the trial. */
const START_MS = 120_000;
/** A kill comes up to so much later than what it kills, so that it meets different work. */
const LATER_MS = 800;

const FOR_HOURS = ['--set', 'train.steps=100000', '--set', 'train.saveEverySteps=0'];
const TWO_RANKS = [...FOR_HOURS, '--set', 'train.processes=2', '--set', 'train.microBatchSize=1'];

const isTrainer = ({ line }: Found) => line.includes('-m flexattn_train.train');
const isTorchrun = ({ line }: Found) => line.includes('-m torch.distributed.run');
const isRank = (found: Found) => isTrainer(found) && !isTorchrun(found);

interface Case {
  /** Who is killed. */
  name: string;
  start: (world: SmallWorld) => Promise<RealProcess>;
  /** Who, of all that run; none until all that it needs is up. */
  victim: (found: readonly Found[], started: RealProcess) => number | undefined;
  /** The exit code of what was started, where something else is killed. */
  code?: number;
  /** Who may take longer to end: it holds no device, and tells what happened. */
  tells?: (found: Found) => boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'flexattn infer with two workers',
    start: (world) =>
      Promise.resolve(
        world.start('infer', { args: ['--set', 'infer.workers=2', '--set', 'infer.threads=2'] }),
      ),
    victim: (found, { pid }) => (found.length >= 3 ? pid : undefined),
  },
  {
    name: 'flexattn train',
    start: (world) => Promise.resolve(world.start('train', { args: FOR_HOURS })),
    victim: (found, { pid }) => (found.some(isTrainer) ? pid : undefined),
  },
  {
    name: 'flexattn train with two ranks',
    start: (world) => Promise.resolve(world.start('train', { args: TWO_RANKS })),
    victim: (found, { pid }) => (found.filter(isRank).length === 2 ? pid : undefined),
  },
  {
    name: 'torchrun',
    start: (world) => Promise.resolve(world.start('train', { args: TWO_RANKS })),
    victim: (found) => (found.filter(isRank).length === 2 ? found.find(isTorchrun)?.pid : undefined),
    code: 70,
  },
  {
    name: 'one of two ranks',
    start: (world) => Promise.resolve(world.start('train', { args: TWO_RANKS })),
    victim: (found) => (found.filter(isRank).length === 2 ? found.findLast(isRank)?.pid : undefined),
    code: 70,
    tells: (found) => !isRank(found),
  },
  {
    name: 'nx',
    start: startNx,
    victim: (found, { pid }) => (found.some(isTrainer) ? pid : undefined),
  },
];

/** The promise that nothing outlives who started it. `count`: kills, of the six programs in turn. */
export const parentDies: Proof = {
  name: 'parent-dies',
  promise: 'parent dies, children end',
  test: '`kill -9` of `flexattn` (workers, trainer, two ranks), of torchrun, of one rank, and of `nx run`, while their children work',
  count: 30,
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
  let longest = 0;
  const template = await finished();
  for (let trial = 0; trial < count && !signal.aborted; trial++) {
    const tried = CASES[trial % CASES.length];
    if (tried === undefined) break;
    const world = await template.copy(join(folder, String(trial)));
    const laterMs = createRandom(seed, `parent ${trial}`).below(LATER_MS);
    const { ms, problems } = await killIn(world, tried, laterMs);
    longest = Math.max(longest, ms);
    failures.push(
      ...problems.map((what) => `seed ${seed}, kill ${trial}, ${tried.name} after ${laterMs} ms: ${what}`),
    );
    await rm(world.folder, { recursive: true, force: true });
    progress(trial + 1, count);
  }
  const names = CASES.slice(0, count).map(({ name }) => name);
  return {
    figure:
      failures.length > 0
        ? `${failures.length} children of ${count} kills`
        : `${count} kills of ${names.join(', ')}: all children gone after ${longest.toFixed(0)} ms at the longest; where torchrun or a rank died, the stage ended with 70`,
    failures,
  };
}

async function killIn(
  world: SmallWorld,
  { start, victim, code, tells = () => false }: Case,
  laterMs: number,
): Promise<{ ms: number; problems: string[] }> {
  const started = await start(world);
  try {
    const pid = await victimIn(world, started, victim);
    if (typeof pid === 'string') return { ms: 0, problems: [pid] };
    // Answering is over soon; training is not.
    await Promise.race([wait(laterMs), started.ended]);
    killProcess(pid);
    const { ms, left } = await untilAlone(world.folder, GONE_MS, tells);
    const problems = left.map(({ line }) => `still running after ${GONE_MS} ms: ${line.slice(0, 200)}`);
    const outcome = left.length === 0 ? await started.ended : undefined;
    if (code !== undefined && outcome !== undefined && outcome.code !== code)
      problems.push(`expected exit code ${code}; it ${endText(outcome)}`);
    return { ms, problems };
  } finally {
    for (const { pid } of await processesOf(world.folder)) killProcess(pid);
  }
}

/** Waits for all that the case needs; a text tells why it did not come. */
async function victimIn(
  world: SmallWorld,
  started: RealProcess,
  victim: Case['victim'],
): Promise<number | string> {
  let end: string | undefined;
  void started.ended.then((outcome) => (end = endText(outcome)));
  for (const deadline = performance.now() + START_MS; performance.now() < deadline; await wait(20)) {
    const pid = victim(await processesOf(world.folder), started);
    if (pid !== undefined) return pid;
    if (end !== undefined) return `it ${end} before its children were up`;
  }
  return `its children were not up after ${START_MS} ms`;
}

/** `nx run small:train` in the world, as a workspace of its own. */
async function startNx(world: SmallWorld): Promise<RealProcess> {
  const { folder } = world;
  const modules = join(folder, 'node_modules');
  await mkdir(modules);
  for (const name of ['nx', '@nx']) await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  const command = [process.execPath, FLEXATTN, 'train', '--config', 'small.json', ...FOR_HOURS]
    .map((word) => `"${word}"`)
    .join(' ');
  const train = { executor: 'nx:run-commands', options: { command, cwd: '{workspaceRoot}' } };
  const project = { name: 'small', private: true, nx: { name: 'small', targets: { train } } };
  await writeFile(join(folder, 'nx.json'), '{}');
  await writeFile(join(folder, 'package.json'), JSON.stringify(project));
  const nx = createRequire(join(ROOT, 'package.json')).resolve('nx/package.json');
  return startProcess(process.execPath, [join(dirname(nx), 'dist/bin/nx.js'), 'run', 'small:train'], {
    cwd: folder,
    env: { FLEXATTN_PYTHON: pythonProgram(), TMPDIR: world.temporary, NX_DAEMON: 'false' },
  });
}
