import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom } from '../tiny/random.js';
import type { Random } from '../tiny/random.js';
import type { Proof, ProofOptions, ProofResult } from './proof.js';
import { untilAlone } from './real-process.js';
import { endText, SmallWorld, STAGES } from './small-world.js';
import type { StageName } from './small-world.js';
import { differences, tornFiles, worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

/** Kills between two clean runs. */
const CHAIN = 10;
/** Worlds at work at the same time. */
const LANES = 2;
/** Two worlds slow each other down; without this the end of a stage would seldom be met. */
const SLOWER = 1.4;
/** What is left running after the launcher alone was killed may take this long to end. */
const ORPHAN_MS = 2000;
/** Moments are drawn anew where a stage ends before them; this many in a row would be a stage that cannot be killed. */
const MOST_MISSES = 50;

/** The promise that a stage may be killed at any moment. `count`: kills of each stage. */
export const killedAnywhere: Proof = {
  name: 'killed-anywhere',
  promise: 'killed anywhere, nothing lost',
  test: '`kill -9` at random moments of every stage, of its process group and of the launcher alone in turn, half of the time started again at once; after ten a clean run',
  count: 200,
  prove,
};

/** A stage that all earlier ones stand ready for, and what an uninterrupted run of it leaves. */
interface Ready {
  stage: StageName;
  before: SmallWorld;
  after: SmallWorld;
  files: WorldFiles;
  /** Of that run, which had the machine for itself. */
  seconds: number;
}

interface Tally {
  kills: number;
  cleanRuns: number;
  longestOrphanMs: number;
  failures: string[];
}

async function prove(options: ProofOptions): Promise<ProofResult> {
  const { count, folder, progress, signal } = options;
  const ready = await readyStages(folder);
  const chains = ready.flatMap((stage) =>
    Array.from({ length: Math.ceil(count / CHAIN) }, (_, number) => ({
      stage,
      number,
      kills: Math.min(CHAIN, count - number * CHAIN),
    })),
  );
  // The long ones first, so that both lanes end together.
  chains.sort((a, b) => b.stage.seconds - a.stage.seconds);
  const tally: Tally = { kills: 0, cleanRuns: 0, longestOrphanMs: 0, failures: [] };
  const queue = chains.values();
  const lane = async () => {
    for (const { stage, number, kills } of queue) {
      if (signal.aborted) return;
      const onKill = () => {
        progress(tally.kills, count * STAGES.length);
      };
      await new Chain(stage, number, options, tally, onKill).run(kills);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const { kills, cleanRuns, longestOrphanMs, failures } = tally;
  const figure =
    `${kills} kills, ${count} of each of ${STAGES.length} stages, ${cleanRuns} clean runs: every file of an uninterrupted run, byte for byte; ` +
    `no torn file, nothing left over; children gone after ${longestOrphanMs.toFixed(0)} ms at the longest`;
  return { figure: failures.length === 0 ? figure : `${failures.length} of ${kills} kills`, failures };
}

/** Runs the chain once and keeps what stands before and after each stage. */
async function readyStages(folder: string): Promise<Ready[]> {
  let before = await SmallWorld.make(join(folder, '0'));
  const ready: Ready[] = [];
  for (const [index, stage] of STAGES.entries()) {
    const after = await before.copy(join(folder, String(index + 1)));
    const { seconds } = await after.runWell(stage);
    ready.push({ stage, before, after, files: await worldFiles(after.folder), seconds });
    before = after;
  }
  return ready;
}

/** Kills of one stage in one world, and a clean run after them. */
class Chain {
  readonly #random: Random;
  #world: SmallWorld | undefined;

  constructor(
    private readonly ready: Ready,
    private readonly number: number,
    private readonly options: ProofOptions,
    private readonly tally: Tally,
    private readonly onKill: () => void,
  ) {
    this.#random = createRandom(options.seed, `${ready.stage} ${number}`);
  }

  async run(kills: number): Promise<void> {
    let misses = 0;
    for (let kill = 0; kill < kills && !this.options.signal.aborted;) {
      if (await this.#killed(kill)) {
        kill += 1;
        misses = 0;
        this.tally.kills += 1;
        this.onKill();
      } else if (++misses === MOST_MISSES) {
        this.#fail(kill, `${MOST_MISSES} runs ended before their moment came`);
        break;
      }
    }
    await this.#cleanRun(kills);
    await this.#drop();
  }

  /** Starts the stage and kills it; false where it had ended before. */
  async #killed(kill: number): Promise<boolean> {
    const world = await this.#prepared();
    const milliseconds = this.#random.below(1000) * this.ready.seconds * SLOWER;
    const whom = kill % 2 === 0 ? 'group' : 'alone';
    const running = world.start(this.ready.stage, this.#stageOptions());
    await Promise.race([running.ended, wait(milliseconds)]);
    running.kill(whom);
    const outcome = await running.ended;
    const moment = `${whom === 'group' ? 'group' : 'launcher'} killed ${milliseconds.toFixed(0)} ms after its start`;
    if (outcome.signal !== 'SIGKILL') {
      if (outcome.code !== 0) this.#fail(kill, `${endText(outcome)} before it was killed`);
      else await this.#compare(kill, 'a run that was not killed');
      await this.#drop();
      return false;
    }
    // In the other half the next start meets what is still running.
    if (this.#random.chance(50)) await this.#alone(kill, moment);
    for (const line of tornFiles(await worldFiles(world.folder), this.ready.files))
      this.#fail(kill, `${moment}: ${line}`);
    return true;
  }

  async #alone(kill: number, moment: string): Promise<void> {
    const { ms, left } = await untilAlone((await this.#prepared()).folder, ORPHAN_MS);
    this.tally.longestOrphanMs = Math.max(this.tally.longestOrphanMs, ms);
    for (const { line } of left) this.#fail(kill, `${moment}: still running: ${line.slice(0, 200)}`);
  }

  async #cleanRun(kill: number): Promise<void> {
    const world = await this.#prepared();
    const outcome = await world.run(this.ready.stage, this.#stageOptions());
    this.tally.cleanRuns += 1;
    if (outcome.code !== 0) this.#fail(kill, `the clean run ${endText(outcome)}`);
    else await this.#compare(kill, 'the clean run');
  }

  async #compare(kill: number, what: string): Promise<void> {
    await this.#alone(kill, what);
    const { folder } = await this.#prepared();
    for (const line of differences(await worldFiles(folder), this.ready.files))
      this.#fail(kill, `${what}: ${line}`);
  }

  /** The world at hand, else a new one: every fourth chain has the result in the store and lost the artifacts. */
  async #prepared(): Promise<SmallWorld> {
    if (this.#world !== undefined) return this.#world;
    const { stage, before, after } = this.ready;
    const isRestored = this.number % 4 === 3;
    this.#world = await (isRestored ? after : before).copy(
      join(this.options.folder, `${stage}-${this.number}`),
    );
    if (isRestored) await rm(this.#world.artifacts(stage), { recursive: true });
    return this.#world;
  }

  async #drop(): Promise<void> {
    if (this.#world !== undefined) await rm(this.#world.folder, { recursive: true, force: true });
    this.#world = undefined;
  }

  /** Every other chain of `infer` has child processes; the answers are the same. */
  #stageOptions() {
    const hasChildren = this.ready.stage === 'infer' && this.number % 2 === 0;
    return hasChildren ? { args: ['--set', 'infer.workers=2'] } : {};
  }

  #fail(kill: number, what: string): void {
    const { stage } = this.ready;
    this.tally.failures.push(
      `seed ${this.options.seed}, ${stage}, chain ${this.number}, kill ${kill}: ${what}`,
    );
  }
}
