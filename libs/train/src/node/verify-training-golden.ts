import { join } from 'node:path';
import { z } from 'zod';
import { parseJson, readJsonAs, runProgram, StageError } from '@flexattn/stage';
import { TrainError } from '../errors.js';
import { packageFolder, PYTHON_ENV } from './package-folder.js';

/** What a case says; the trainer reads the file itself. */
const expectedSchema = z.object({
  batch: z
    .array(
      z.object({
        image: z.string().nullable(),
        input_ids: z.array(z.number().int()).min(1),
        answers: z.array(z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()])),
      }),
    )
    .min(1),
  results: z.array(z.object({ epoch: z.number(), loss: z.number(), grads: z.string() })).min(1),
});

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
 * @throws StageError BAD_CONTENT where it is no such case; TrainError TRAINING_FAILED with the reason where it cannot be
 *   computed; StageError INTERRUPTED
 */
export async function verifyTrainingGolden(
  dir: string,
  { python, signal }: { python: string; signal?: AbortSignal | undefined },
): Promise<GoldenTraining[]> {
  await readJsonAs(join(dir, 'expected.json'), expectedSchema);
  const lines: string[] = [];
  let said: string | undefined;
  try {
    await runProgram(python, ['-m', 'flexattn_train.golden', dir], {
      env: { PYTHONPATH: packageFolder, PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1' },
      allowEnv: PYTHON_ENV,
      signal,
      onLine: (line, stream) => {
        if (stream === 'stdout') lines.push(line);
        else if (line.startsWith('error: ')) said = line.slice('error: '.length);
      },
    });
    return goldenSchema.parse(parseJson(lines.join('\n'))).training;
  } catch (cause) {
    if (!(cause instanceof StageError) || cause.code !== 'PROGRAM_FAILED') throw cause;
    throw new TrainError('TRAINING_FAILED', said ?? cause.message, {
      file: dir,
      hint: 'copy the golden case again',
      cause,
    });
  }
}
