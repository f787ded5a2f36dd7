import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { answerMissing, openAnswerStore, type AnsweredItems, type InferItem } from '@flexattn/eval';
import { readJsonAs, sha256File, tellLine, writeFileAtomic } from '@flexattn/stage';
import { z } from 'zod';
import { toolsOf } from '../code-hash.js';
import { artifacts, shown, workspaceFingerprints, type RunContext } from '../run-context.js';
import { PipelineError } from '../errors.js';
import { GivenUp } from '../given-up.js';
import { arrayAskedFor } from '../slurm/array-flags.js';
import { inferArrayLine, inferInTasks, type InferTasks } from '../slurm/infer-tasks.js';
import type { Stage } from '../stage.js';
import { benchmarkFolders } from './items.js';

/** In the stage's folder: SHA-256 of each model that answered. */
export const WEIGHTS_FILE = 'weights.json';

/** The part of a compiled model's manifest that is told beside its answers. */
const settingsSchema = z.looseObject({ selection: z.looseObject({}), precision: z.string() });

export const infer: Stage = {
  name: 'infer',
  purpose: 'answers every benchmark item with every model',
  after: ['compile', 'items'],
  reads: (context) => ({
    models: artifacts(context, 'compile'),
    items: artifacts(context, 'items'),
    ...benchmarkFolders(context),
  }),
  parameters: ({ config: { infer, models } }) => {
    const { workers, ...settings } = infer;
    return { ...settings, models: models.map(({ name }) => name) };
  },
  tools: () => Promise.resolve(toolsOf('@flexattn/flexattn-runtime')),
  produce: async (context, out) => {
    const weights: Record<string, string> = {};
    const reports: Record<string, object> = {};
    for (const { name } of context.config.models) {
      const manifest = join(artifacts(context, 'compile'), name, 'manifest.json');
      weights[name] = await sha256File(manifest);
      const { selection, precision } = await readJsonAs(manifest, settingsSchema);
      reports[name] = { ...(await answerAll(context, name, weights[name], out)), ...selection, precision };
    }
    await writeFileAtomic(join(out, WEIGHTS_FILE), `${JSON.stringify(weights, null, 2)}\n`);
    return reports;
  },
  commandLines: async (context) => {
    const array = arrayAskedFor(context);
    const lines = context.config.models.map(({ name }) => inferArrayLine(tasksOf(context, name), array));
    return (await Promise.all(lines)).join('\n');
  },
};

/**
 * Answers what no run in this workspace has answered before with this model and these settings. Answers are kept one by
 * one: a run that was killed goes on where it stopped, and one that gave up items asks those again.
 */
async function answerAll(
  context: RunContext,
  name: string,
  weights: string,
  out: string,
): Promise<Omit<AnsweredItems, 'asked'>> {
  const { config, workspace } = context;
  const { timing, workers, ...settings } = config.infer;
  const items = join(artifacts(context, 'items'), 'items.jsonl');
  const store = await openAnswerStore({
    folder: join(workspace, '.flexattn', 'answers'),
    weights,
    settings: { ...settings, ...toolsOf('@flexattn/flexattn-runtime') },
  });
  const givenUp = new GivenUp();
  try {
    const { asked, ...answered } = await answerMissing({
      items,
      out: join(out, `${name}.jsonl`),
      store,
      ask: async (missing, answered) => {
        const keep = (item: InferItem, answer: object) => {
          givenUp.see(answer);
          return answered(item, answer);
        };
        if (context.array !== undefined) return askInTasks(context, name, missing, keep);
        await askHere(context, name, missing, keep, join(out, `.${name}`));
      },
    });
    // Told, and not in the receipt: a run that was stopped and goes on has the same receipt as one that was not.
    tellLine(`infer: ${name} was asked ${asked} of ${answered.items} items`);
    givenUp.refuse();
    return answered;
  } finally {
    await store.close();
  }
}

/** In processes of this machine. */
async function askHere(
  context: RunContext,
  name: string,
  missing: readonly InferItem[],
  keep: (item: InferItem, answer: object) => Promise<void>,
  scratch: string,
): Promise<void> {
  const { inferItems } = await import('@flexattn/flexattn-runtime');
  const { config, workspace, signal, quiet } = context;
  const { timing, threads, workers } = config.infer;
  const byId = new Map(missing.map((item) => [item.id, item]));
  // The answers are written from the store, in the order of all items.
  await mkdir(scratch, { recursive: true });
  // Workers read the memo's file: what was hashed on the way to here is in it, the model's weights among it.
  await context.fingerprints.save();
  await inferItems({
    model: join(artifacts(context, 'compile'), name),
    items: fromWorkspace(context, missing),
    root: workspace,
    out: join(scratch, 'answers.jsonl'),
    threads,
    workers,
    fingerprints: workspaceFingerprints(workspace),
    signal,
    quiet,
    onAnswer: async ({ id, ...answer }, ms) => {
      const item = byId.get(id);
      if (item === undefined) return;
      await keep(item, timing ? { ...answer, ms: Math.round(ms) } : answer);
    },
  });
  await rm(scratch, { recursive: true });
}

/** As an array of Slurm answers them; answers are kept when all are there. */
async function askInTasks(
  context: RunContext,
  name: string,
  missing: readonly InferItem[],
  answered: (item: InferItem, answer: object) => Promise<void>,
): Promise<void> {
  const array = arrayAskedFor(context);
  if (context.config.infer.timing) {
    throw new PipelineError('BAD_CONFIG', 'expected false: tasks of Slurm keep no times', {
      item: 'infer.timing',
      hint: 'leave it out, or answer on this machine',
    });
  }
  const tasks = tasksOf(context, name);
  const lines: string[] = [];
  for await (const item of fromWorkspace(context, missing)) lines.push(`${JSON.stringify(item)}\n`);
  await writeFileAtomic(tasks.items, lines.join(''));
  const byId = new Map(missing.map((item) => [item.id, item]));
  await inferInTasks(tasks, array, context, async (answers) => {
    for await (const { id, ...answer } of answers) {
      const item = byId.get(id);
      if (item !== undefined) await answered(item, answer);
    }
  });
  await rm(tasks.items);
}

function tasksOf(context: RunContext, name: string): InferTasks {
  const { threads, workers } = context.config.infer;
  const folder = artifacts(context, `tasks/infer/${name}`);
  return {
    model: join(artifacts(context, 'compile'), name),
    items: `${folder}.items.jsonl`,
    root: context.workspace,
    threads,
    workers,
    folder,
  };
}

/** The items with all their pictures named from the workspace: those beside items.jsonl, too. */
async function* fromWorkspace(context: RunContext, items: readonly InferItem[]) {
  const folder = shown(context, artifacts(context, 'items'));
  for (const item of items) {
    const image = item.image.startsWith('./') ? join(folder, item.image) : item.image;
    yield await Promise.resolve(
      'options' in item ? { ...item, image, options: [...item.options] } : { ...item, image },
    );
  }
}
