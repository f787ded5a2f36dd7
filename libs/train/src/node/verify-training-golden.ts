import { z } from 'zod';
import { parseJson, runProgram, StageError } from '@flexattn/stage';
import { TrainError } from '../errors.js';
import { packageFolder, PYTHON_ENV } from './package-folder.js';

const goldenSchema = z.object({
  training: z
    .array(
      z.object({
        /** Fraction of an epoch done. */
        epoch: z.number(),
        loss: z.number(),
        /** Norm of the difference over the norm, by tensor name. */
        gradientErrors: z.record(z.string(), z.number()),
        /** Loss within 1e-4, every gradient within 1e-3. */
        ok: z.boolean(),
      }),
    )
    .min(1),
});

/** Loss and gradients of one golden batch at one point of training. */
export type GoldenTraining = z.output<typeof goldenSchema>['training'][number];

/**
 * Computes a golden training case (a folder with `expected.json`, its gradients and a checkpoint) with the trainer.
 *
 * @throws TrainError TRAINING_FAILED with the reason where it cannot be computed; StageError INTERRUPTED
 */
export async function verifyTrainingGolden(
  dir: string,
  { python, signal }: { python: string; signal?: AbortSignal | undefined },
): Promise<GoldenTraining[]> {
  try {
    const lines: string[] = [];
    await runProgram(python, ['-m', 'flexattn_train.golden', dir], {
      env: { PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
      allowEnv: PYTHON_ENV,
      signal,
      onLine: (line, stream) => stream === 'stdout' && lines.push(line),
    });
    return goldenSchema.parse(parseJson(lines.join('\n'))).training;
  } catch (cause) {
    if (!(cause instanceof StageError) || cause.code !== 'PROGRAM_FAILED') throw cause;
    throw new TrainError('TRAINING_FAILED', cause.message, {
      file: dir,
      hint: 'is it a golden training case?',
      cause,
    });
  }
}
