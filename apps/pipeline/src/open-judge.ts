import { join } from 'node:path';
import { createHttpJudge, importJudge, type JudgeOptions } from '@flexattn/eval';

/** Who judges free answers: nobody, a module of one's own (its absolute path), or an endpoint; times in seconds. */
export type JudgeSettings =
  | 'none'
  | { module: string }
  | {
      baseUrl: string;
      model: string;
      concurrency?: number | undefined;
      timeLimitSeconds?: number | undefined;
    };

export interface OpenJudgeOptions {
  /** Verdicts are kept in its `.flexattn/`: the next run sends what is missing only. */
  workspace: string;
  /** Of an endpoint; from `FLEXATTN_JUDGE_KEY`. */
  key: string | undefined;
}

/** The judge that a configuration or flags name; undefined for `none`. */
export async function openJudge(
  settings: JudgeSettings,
  { workspace, key }: OpenJudgeOptions,
): Promise<JudgeOptions | undefined> {
  if (settings === 'none') return undefined;
  const kept = join(workspace, '.flexattn', 'verdicts');
  if ('module' in settings) return { judge: await importJudge(settings.module), kept };
  const { baseUrl, model, concurrency, timeLimitSeconds } = settings;
  const timeLimitMs = timeLimitSeconds === undefined ? undefined : 1000 * timeLimitSeconds;
  const judge = createHttpJudge({ baseUrl, model, key, timeLimitMs });
  return { judge, kept, concurrency };
}
