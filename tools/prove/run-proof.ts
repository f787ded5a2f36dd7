import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgress } from '@flexattn/stage';
import type { Proof, ProofResult } from './proof.js';
import { SmallWorld, STAGES } from './small-world.js';

export interface RunOptions {
  seed: number;
  /** Share of each proof's count. */
  scale: number;
  signal: AbortSignal;
  quiet?: boolean;
}

/** What became of a proof. */
export interface Proved extends ProofResult {
  proof: Proof;
  count: number;
  seconds: number;
}

/** A folder for all that proofs make, and the finished world that they share. */
export class ProofFolder {
  #finished: Promise<SmallWorld> | undefined;

  private constructor(readonly folder: string) {}

  static async make(): Promise<ProofFolder> {
    // Short, and no link: sockets have short names, and processes are told by their real folder.
    return new ProofFolder(await mkdtemp(join(await realpath(tmpdir()), 'prove-')));
  }

  /** Runs the chain the first time. */
  finished(): Promise<SmallWorld> {
    return (this.#finished ??= finishedWorld(join(this.folder, 'finished')));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** Tries one promise. What breaks in the proof itself is a failure of it. */
export async function runProof(proof: Proof, place: ProofFolder, options: RunOptions): Promise<Proved> {
  const { seed, scale, signal, quiet = false } = options;
  const count = Math.max(1, Math.round(proof.count * scale));
  const folder = join(place.folder, proof.name);
  await mkdir(folder);
  let bar: ReturnType<typeof createProgress> | undefined;
  let shown = 0;
  const progress = (done: number, total: number) => {
    bar ??= createProgress({ label: proof.name, total, unit: 'trials', quiet });
    bar.advance(done - shown);
    shown = done;
  };
  const began = performance.now();
  const result = await orFailure(() =>
    proof.prove({ count, seed, folder, finished: () => place.finished(), progress, signal }),
  );
  bar?.finish('');
  if (signal.aborted) throw signal.reason;
  await rm(folder, { recursive: true, force: true });
  return { proof, count, seconds: (performance.now() - began) / 1000, ...result };
}

async function orFailure(prove: () => Promise<ProofResult>): Promise<ProofResult> {
  try {
    return await prove();
  } catch (error) {
    return { figure: 'not finished', failures: [error instanceof Error ? error.message : String(error)] };
  }
}

async function finishedWorld(folder: string): Promise<SmallWorld> {
  const world = await SmallWorld.make(folder);
  for (const stage of STAGES) await world.runWell(stage);
  return world;
}
