import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { Benchmark, BenchmarkSteps } from '../benchmark.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { summariseParts } from '../summary.js';

/** A benchmark's name is part of ids, file names and metrics. */
const NAME = /^[a-z0-9][a-z0-9._-]*$/i;

const step = <T>() => z.custom<T>((value) => typeof value === 'function', 'expected a function');
const text = z.string().min(1);
const published = z.object({
  items: z.number().int().positive().optional(),
  files: z.array(text),
  source: z.string(),
});
const moduleSchema = z.object({
  name: z.string().regex(NAME, 'use letters, digits, ".", "_" and "-"').optional(),
  about: text.default('a benchmark of your own'),
  version: text.default('1'),
  protocols: z.array(text).min(1).default(['plain']),
  published: published.default({ files: [], source: '' }),
  metrics: step<BenchmarkSteps['metrics']>(),
  load: step<Benchmark['load']>(),
  prompt: step<BenchmarkSteps['prompt']>(),
  extract: step<BenchmarkSteps['extract']>(),
  score: step<BenchmarkSteps['score']>(),
  aggregate: step<BenchmarkSteps['aggregate']>().default(() => summariseParts),
  judgeQuestion: step<NonNullable<BenchmarkSteps['judgeQuestion']>>().optional(),
});
const metricsSchema = z.array(z.object({ name: text, kind: z.enum(['binary', 'graded']) })).min(1);
const itemSchema = z.object({
  id: text,
  category: text.nullable().default(null),
  question: text,
  publishedPrompt: text.optional(),
  picture: z.union([
    z.object({ kind: z.literal('file'), path: text }),
    z.object({ kind: z.literal('base64'), file: text, key: text }),
  ]),
  options: z.array(text).default([]),
  lettered: z.boolean().optional(),
  targets: z.array(z.string()).min(1),
});
const requestSchema = z.union([
  z.object({ prompt: text, options: z.array(text).min(2), endToken: z.boolean().optional() }),
  z.object({ prompt: text, maxNewTokens: z.number().int().positive(), stretch: z.boolean().optional() }),
]);
const extractionSchema = z.object({
  value: z.string().nullable(),
  strict: z.string().nullable().optional(),
  verdict: z.enum(['yes', 'no']).optional(),
});

/**
 * Imports a benchmark of one's own: a module whose default export is an object with the steps `metrics`, `load`,
 * `prompt`, `extract` and `score`; the rest has defaults. What its steps give is checked; what they throw is an error
 * of the item (`BENCHMARK_FAILED`). Another module: `BENCHMARK_INVALID`.
 *
 * @param name - where the object has none
 */
export async function importBenchmark(file: string, name?: string): Promise<Benchmark> {
  const invalid = (what: string, cause?: unknown) =>
    new EvalError('BENCHMARK_INVALID', what, { file, hint: 'see "Add a benchmark" of the README', cause });
  const module = await importModule(file, invalid);
  const parsed = moduleSchema.safeParse(module.default);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(`default export: ${[...(issue?.path ?? []), issue?.message].join(': ')}`, parsed.error);
  }
  const { data } = parsed;
  const own = data.name ?? name;
  if (own === undefined) throw invalid('the default export has no `name`, and none is given');
  for (const protocol of data.protocols) {
    const metrics = metricsSchema.safeParse(data.metrics(protocol));
    if (!metrics.success)
      throw invalid(`metrics("${protocol}"): expected [{ name, kind: 'binary' | 'graded' }]`);
  }
  return guarded({ ...data, name: own } as Benchmark);
}

async function importModule(
  file: string,
  invalid: (what: string, cause?: unknown) => EvalError,
): Promise<{ default?: unknown }> {
  try {
    return (await import(pathToFileURL(file).href)) as { default?: unknown };
  } catch (cause) {
    throw invalid(`cannot be imported: ${messageOf(cause)}`, cause);
  }
}

/** The benchmark with each of its steps checked. */
function guarded(benchmark: Benchmark): Benchmark {
  const { name } = benchmark;
  return {
    ...benchmark,
    load: async function* (folder, asking) {
      for await (const one of benchmark.load(folder, asking)) yield checkedItem(name, one);
    },
    prompt: (item, protocol) =>
      checked(item, 'prompt', requestSchema, () => benchmark.prompt(item, protocol)),
    extract: (item, answer, protocol) =>
      checked(item, 'extract', extractionSchema, () => benchmark.extract(item, answer, protocol)),
    score: (item, extraction, protocol) => {
      const metrics = benchmark.metrics(protocol).length;
      const scores = z.array(z.number().min(0).max(1)).length(metrics);
      return checked(item, 'score', scores, () => benchmark.score(item, extraction, protocol));
    },
  };
}

/** An item with its benchmark's name, also in front of its id; what is none becomes a reject. */
function checkedItem(name: string, one: unknown): Loaded {
  if (typeof one === 'object' && one !== null && 'reject' in one) return one as Loaded;
  const parsed = z.object({ item: itemSchema }).safeParse(one);
  const given = z.object({ item: z.object({ id: text }) }).safeParse(one).data?.item.id ?? '?';
  const id = given.startsWith(`${name}/`) ? given : `${name}/${given}`;
  if (parsed.success) return { item: { ...parsed.data.item, id, benchmark: name } as Item };
  const [issue] = parsed.error.issues;
  const what = `load: ${[...(issue?.path ?? []), issue?.message].join(': ')}`;
  const { message } = new EvalError('ITEM_INVALID', what, { item: id, hint: 'see the type Item' });
  return { reject: { id, benchmark: name, code: 'ITEM_INVALID', message } };
}

/** What a step gives, where it gives what it should; everything else is an error of the item. */
function checked<T>({ id }: Item, name: string, schema: z.ZodType<unknown>, run: () => T): T {
  try {
    const value = run();
    schema.parse(value);
    return value;
  } catch (cause) {
    if (cause instanceof EvalError) throw cause;
    const issue = cause instanceof z.ZodError ? cause.issues[0] : undefined;
    const what = issue === undefined ? messageOf(cause) : [...issue.path, issue.message].join(': ');
    throw new EvalError('BENCHMARK_FAILED', `${name}: ${what}`, {
      item: id,
      hint: 'mend the benchmark',
      cause,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
