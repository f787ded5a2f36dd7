import { join } from 'node:path';
import { pathExists, readJsonAs, sha256File, writeFileAtomic } from '@flexattn/stage';
import type { TrainStep } from '@flexattn/train';
import { z } from 'zod';

const measureSchema = z.object({
  seconds: z.number().nonnegative(),
  memoryMegabytes: z.number().nonnegative(),
});

/** What a training took on the machine that did it: time in all, and the most memory of its first process. */
export type TrainingMeasure = z.output<typeof measureSchema>;

/**
 * Measured values are no artifacts: they lie beside the store, by the hash of the metrics that the training wrote, and
 * are in no receipt and no key. The same training elsewhere has the same metrics and a time of its own.
 */
async function measureFile(workspace: string, trained: string): Promise<string | undefined> {
  const metrics = join(trained, 'metrics.jsonl');
  if (!(await pathExists(metrics))) return undefined;
  return join(workspace, '.flexattn', 'measured', `${await sha256File(metrics)}.json`);
}

/** What the training whose checkpoint is in `trained` took; undefined where it ran elsewhere, or in several starts. */
export async function readMeasure(workspace: string, trained: string): Promise<TrainingMeasure | undefined> {
  const file = await measureFile(workspace, trained);
  return file !== undefined && (await pathExists(file)) ? readJsonAs(file, measureSchema) : undefined;
}

/**
 * Runs a training into `trained` and keeps what it took, unless it went on from a state or has no steps to tell. The
 * first time stands: a training that is repeated to the same metrics leaves a report of it as it is.
 */
export async function measureTraining<Report extends object>(
  workspace: string,
  trained: string,
  work: (onStep: (step: TrainStep) => void) => Promise<Report>,
): Promise<Report> {
  const began = performance.now();
  let isWhole = false;
  let memoryMegabytes = 0;
  const report = await work((step) => {
    isWhole ||= step.step === 1;
    memoryMegabytes = Math.max(memoryMegabytes, step.memoryMegabytes);
  });
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const file = await measureFile(workspace, trained);
  if (isWhole && file !== undefined && !(await pathExists(file)))
    await writeFileAtomic(
      file,
      `${JSON.stringify({ seconds, memoryMegabytes } satisfies TrainingMeasure)}\n`,
    );
  return report;
}
