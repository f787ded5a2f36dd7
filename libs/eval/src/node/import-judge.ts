import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { EvalError } from '../errors.js';
import type { Judge } from '../judge.js';

const moduleSchema = z.object({
  default: z.object({
    name: z.string().min(1),
    ask: z.custom<Judge['ask']>((value) => typeof value === 'function', 'expected a function'),
  }),
});

/** Imports a judge of one's own, as a local model: a module whose default export is a `Judge`. Another: `JUDGE_SETTINGS`. */
export async function importJudge(file: string): Promise<Judge> {
  const invalid = (what: string, cause: unknown) =>
    new EvalError('JUDGE_SETTINGS', what, {
      file,
      hint: 'export default { name, ask(messages, signal) }',
      cause,
    });
  let module: unknown;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw invalid(`cannot be imported: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
  const parsed = moduleSchema.safeParse(module);
  if (parsed.success) return parsed.data.default;
  const [issue] = parsed.error.issues;
  throw invalid([...(issue?.path ?? []), issue?.message].join(': '), parsed.error);
}
