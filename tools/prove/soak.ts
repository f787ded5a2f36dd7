import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FLEXATTN } from './checkout.js';
import { artifactFiles } from './prepared-world.js';
import type { Proof, ProofOptions, ProofResult } from './proof.js';
import { startProcess } from './real-process.js';
import { endText } from './small-world.js';
import type { SmallWorld } from './small-world.js';
import { tornFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

/** Settings over those of the world, in turn: each changes another stage. */
const VARIANTS: readonly (readonly string[])[] = [
  [],
  ['--set', 'init.extra.threshold="16"'],
  ['--set', 'clean.textOnly=drop'],
  ['--set', 'train.learningRate=0.002'],
];

/** The promise that a workspace may be used for long. `count`: runs of the whole chain. */
export const soak: Proof = {
  name: 'soak',
  promise: 'the store stays bounded, run after run',
  test: 'the whole chain again and again, four configurations in turn, `gc --delete` after each; the same configuration must give the same bytes',
  count: 20,
  prove,
};

async function prove(options: ProofOptions): Promise<ProofResult> {
  const { count, folder, finished, progress, signal } = options;
  const world = await (await finished()).copy(join(folder, 'world'));
  const files: WorldFiles[] = [];
  const sizes: number[] = [];
  const failures: string[] = [];
  for (let run = 0; run < count; run++) {
    signal.throwIfAborted();
    await world.runWell('all', { args: VARIANTS[run % VARIANTS.length] ?? [] });
    await collectGarbage(world);
    const [found, before] = [await artifactFiles(world), files[run - VARIANTS.length]];
    const wrong = before === undefined ? [] : tornFiles(found, before);
    failures.push(...wrong.map((line) => `run ${run}: ${line}`));
    files.push(found);
    sizes.push(await bytesBelow(join(world.folder, '.flexattn/store')));
    progress(run + 1, count);
  }
  const [first, later] = [sizes.slice(0, VARIANTS.length), sizes.slice(VARIANTS.length)];
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const [bound, largest] = [Math.max(...first), Math.max(0, ...later)];
  if (largest > bound) failures.push(`the store grew from ${megabytes(bound)} to ${megabytes(largest)} MB`);
  return {
    figure: `${count} runs, none failed; the store holds at most ${megabytes(bound)} MB in the first ${first.length} and ${megabytes(largest)} MB in all later ones`,
    failures,
  };
}

async function collectGarbage(world: SmallWorld): Promise<void> {
  const args = [FLEXATTN, 'gc', '--delete', '--keep-days', '0'];
  const outcome = await startProcess(process.execPath, args, { cwd: world.folder }).ended;
  if (outcome.code !== 0) throw new Error(`flexattn gc: ${endText(outcome)}`);
}

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
