import { execFileSync } from 'node:child_process';
import { mkdir, rmdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetAllOf, stepsOf } from './prepared-world.js';
import type { Proof, ProofOptions } from './proof.js';
import { endText, STAGES } from './small-world.js';
import type { SmallWorld, StageName } from './small-world.js';
import { inParallel } from './trials.js';
import { differences, tornFiles, worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

/** All whose bytes are written by Node. */
const WRITERS = STAGES.filter((stage) => stage !== 'train');

/** More than a world and any stage need. */
const AMPLE = 256 * 2 ** 20;

/** A stage before its run, what the run leaves, and the bytes that it needs for that. */
interface Scene {
  stage: StageName;
  before: SmallWorld;
  reference: WorldFiles;
  growth: number;
}

export const fullDisk: Proof = {
  name: 'full-disk',
  promise: 'a disk that fills up costs no result',
  test: 'a file system in memory with a share of the room that a stage needs; then enough room, and the stage again',
  count: 30,
  prove: async (options) => {
    const skipped = whyNoMount();
    if (skipped !== undefined) return { figure: '', failures: [], skipped };
    const stages = WRITERS.slice(0, options.count);
    const scenes: Scene[] = [];
    for (const [i, stage] of stages.entries())
      scenes.push(await onDisk(join(options.folder, `scene-${i}`), (disk) => measure(options, stage, disk)));
    const each = Math.floor(options.count / scenes.length);
    const trials = scenes.flatMap((scene) =>
      Array.from({ length: each }, (_, i) => ({ scene, share: (i + 0.5) / each })),
    );
    const found = await inParallel(trials, options, ({ scene, share }, i) =>
      onDisk(join(options.folder, `disk-${i}`), (disk) => fill(scene, share, disk)),
    );
    return {
      figure: `${trials.length} full disks (${each} for each of ${stages.join(', ')}): DISK_FULL and exit code 74, nothing torn; the same bytes once there is room`,
      failures: found.flat(),
    };
  },
};

async function measure({ folder, finished }: ProofOptions, stage: StageName, disk: string): Promise<Scene> {
  const later = STAGES.slice(STAGES.indexOf(stage)).flatMap(stepsOf);
  const before = await (await finished()).copy(join(folder, stage));
  await forgetAllOf(before, later);
  const world = await before.copy(join(disk, 'world'));
  const used = await usedBytes(disk);
  await world.runWell(stage);
  return {
    stage,
    before,
    reference: await worldFiles(world.folder),
    growth: (await usedBytes(disk)) - used,
  };
}

async function fill({ stage, before, reference, growth }: Scene, share: number, disk: string) {
  const world = await before.copy(join(disk, 'world'));
  resize(disk, (await usedBytes(disk)) + share * growth);
  const ended = await world.run(stage);
  const torn = tornFiles(await worldFiles(world.folder), reference);
  resize(disk, AMPLE);
  const isTold = ended.code === 74 && /^error: .+\(DISK_FULL\)$/m.test(ended.stderr);
  const again = await world.run(stage);
  const wrong = again.code === 0 ? differences(await worldFiles(world.folder), reference) : [endText(again)];
  const problems = [
    ...torn,
    ...(isTold ? [] : [`expected DISK_FULL and exit code 74, ${endText(ended)}`]),
    ...wrong.map((line) => `with room: ${line}`),
  ];
  return problems.map((line) => `${stage}, ${(share * 100).toFixed(0)} % of the room: ${line}`);
}

function whyNoMount(): string | undefined {
  if (process.platform !== 'linux') return 'not tried: it needs Linux';
  return process.getuid?.() === 0 ? undefined : 'not tried: mounting needs root';
}

/** Does something with a new file system, and takes it away. */
async function onDisk<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${AMPLE}`, 'tmpfs', folder]);
  try {
    return await work(folder);
  } finally {
    execFileSync('umount', [folder]);
    await rmdir(folder);
  }
}

function resize(folder: string, bytes: number): void {
  execFileSync('mount', ['-o', `remount,size=${Math.ceil(bytes)}`, folder]);
}

async function usedBytes(folder: string): Promise<number> {
  const { blocks, bfree, bsize } = await statfs(folder);
  return (blocks - bfree) * bsize;
}
