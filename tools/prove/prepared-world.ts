import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { STAGES } from './small-world.js';
import type { SmallWorld, StageName } from './small-world.js';
import { worldFiles } from './world-files.js';
import type { WorldFiles } from './world-files.js';

/** The steps that a command runs, each with artifacts and a receipt of its own. */
const STEPS: Partial<Record<StageName, readonly string[]>> = {
  train: ['tokens', 'train'],
  infer: ['items', 'infer'],
};

/** Every step of the chain in order. */
export const ALL_STEPS: readonly string[] = STAGES.flatMap(stepsOf);

/** The steps of a command, in order. */
export function stepsOf(stage: StageName): readonly string[] {
  return STEPS[stage] ?? [stage];
}

/** Forgets that these steps were ever run, but for what stands in the store and what a model has answered. */
export async function forgetSteps(world: SmallWorld, steps: readonly string[]): Promise<void> {
  const state = join(world.folder, '.flexattn');
  for (const step of steps) await rm(world.artifacts(step), { recursive: true, force: true });
  for (const name of await readdir(join(state, 'receipts'))) {
    const file = join(state, 'receipts', name);
    const { stage } = JSON.parse(await readFile(file, 'utf8')) as { stage: string };
    if (steps.includes(stage)) await rm(file);
  }
  for (const step of steps) await rm(join(state, 'ran/small', step), { force: true });
}

/** Forgets the store and all answers, too: what the other steps have in it stands in their folders. */
export async function forgetAllOf(world: SmallWorld, steps: readonly string[]): Promise<void> {
  await forgetSteps(world, steps);
  for (const name of ['store', 'answers'])
    await rm(join(world.folder, '.flexattn', name), { recursive: true, force: true });
}

/** Only the artifacts and receipts of the runs. */
export async function artifactFiles(world: SmallWorld): Promise<WorldFiles> {
  const files = await worldFiles(world.folder);
  return new Map([...files].filter(([path]) => path.startsWith('runs/')));
}
