import { basename, join } from 'node:path';
import type { CostedModel, DeviceSpeedName } from '@flexattn/flexattn-runtime';
import { pathExists, readTextLines } from '@flexattn/stage';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Config } from '../config.js';
import { PipelineError } from '../errors.js';
import { configOptions, positiveInteger } from '../flags.js';
import type { Override } from '../read-config.js';
import { planRun, type RunFacts } from '../run-plan.js';
import { runPlanText } from '../run-plan-text.js';
import { artifacts, openRun, pathOf, type RunContext } from '../run-context.js';
import { abortOnSignals } from '../signals.js';

interface PlanFlags {
  config?: string;
  run: string;
  set?: Override[];
  device: DeviceSpeedName[];
  text: number;
  answer: number;
  share: number;
  items?: number;
  json?: boolean;
}

/** Those of `DEVICE_SPEEDS`; the runtime itself is imported when it is needed. */
const DEVICES = [
  ...(['v100-32gb', 'l4', 'rtx-4090', 'a100-40gb', 'a100-80gb', 'h100', 'h200', 'cpu'] as const),
] satisfies DeviceSpeedName[];
/** A question with four options and the system text; a phrase of an answer; the share that the paper finds selected. */
const USUAL = { text: 130, answer: 16, share: 0.1 };
/** The tower of LLaVA-1.5, whose sizes are known where the checkpoint names it and does not hold it. */
const LARGE_TOWER = 'clip-vit-large-patch14-336';

/** `flexattn plan`: what a configuration costs, by formulas, on named devices. */
export function addPlanCommand(program: Command): void {
  const command = program
    .command('plan')
    .description('operations, bytes, memory and seconds of a configuration on named devices, by formulas')
    .addOption(
      new Option('--device <names...>', 'devices, by the speeds of their data sheets')
        .choices(DEVICES)
        .default(['a100-80gb', 'h100', 'cpu']),
    )
    .option('--text <n>', 'tokens of text beside the picture', positiveInteger, USUAL.text)
    .option('--answer <n>', 'tokens of an answer', positiveInteger, USUAL.answer)
    .option('--share <share>', 'of the high-resolution tokens, that attention selects', shareOf, USUAL.share)
    .option(
      '--items <n>',
      'items of each benchmark; default: as many as the run or the published benchmark has',
      positiveInteger,
    )
    .option('--json', 'print it as JSON')
    .addHelpText(
      'after',
      `
Example:
  flexattn plan --config llava-v1.5-7b-flexattn --device a100-80gb h100

Needs neither GPU nor data; without the checkpoint, the sizes are those of the published model of its name. Nothing is
measured: seconds are what a device needs at least. Memory of the training is that of \`flexattn train --dry-run\`.
`,
    );
  for (const option of configOptions()) command.addOption(option);
  command.action(plan);
}

async function plan(flags: PlanFlags): Promise<void> {
  const { text, answer, share, device: names, json = false } = flags;
  const context = await openRun({
    config: flags.config ?? flags.run,
    cwd: process.cwd(),
    signal: abortOnSignals(),
    set: flags.set,
    quiet: true,
    python: process.env['FLEXATTN_PYTHON'],
  });
  const costs = await import('@flexattn/flexattn-runtime');
  const { train } = await import('../stages/train.js');
  const { model, note } = await sizesOf(context);
  const facts: RunFacts = {
    ...{ model, text, answer, share, models: context.config.models },
    devices: names.map((name) => ({ ...costs.DEVICE_SPEEDS[name], isProcessor: name === 'cpu' })),
    items: await itemsOf(context, flags.items),
    trainings: (await train.preview?.(context)) ?? {},
  };
  const plans = planRun(facts, costs);
  const assumed = { sizes: note, text, answer, share, items: facts.items };
  const told = json ? JSON.stringify({ assumed, models: plans }, null, 2) : runPlanText(facts, plans, note);
  process.stdout.write(`${told}\n`);
}

/** Sizes of the checkpoint, or of the published model of its name. */
async function sizesOf(context: RunContext): Promise<{ model: CostedModel; note: string }> {
  const { openCheckpoint } = await import('@flexattn/model-prep');
  const { publishedShape } = await import('@flexattn/train');
  const { checkpoint, init } = context.config;
  const large = publishedShape('llava-v1.5-7b');
  const path = pathOf(context, checkpoint);
  if (await pathExists(path)) {
    const { config } = await openCheckpoint(path);
    const { extra, vision = config.mm_vision_tower.endsWith(LARGE_TOWER) ? large?.vision : undefined } =
      config;
    if (vision !== undefined) {
      const model = {
        ...config,
        vision,
        zoom: extra?.zoomRatio ?? 1,
        selectFromLayer: extra?.selectFromLayer ?? 8,
      };
      return { model: withExtra(model, init.extra), note: `of ${checkpoint}` };
    }
  }
  const name = basename(checkpoint);
  const published = publishedShape(name);
  if (published !== undefined)
    return {
      model: withExtra(published, init.extra),
      note: `of ${name} as published: ${checkpoint} is not there`,
    };
  throw new PipelineError('INPUT_MISSING', 'it tells the sizes of the model, and it is not there', {
    file: checkpoint,
    hint: 'fetch it first, or name its folder as the published model: llava-v1.5-7b',
  });
}

/** What `init` will write into the checkpoint's configuration. */
function withExtra(model: CostedModel, extra: Config['init']['extra']): CostedModel {
  const { zoom_ratio: zoom, select_from_layer: layer } = extra;
  return {
    ...model,
    zoom: zoom === undefined ? model.zoom : Number(zoom),
    selectFromLayer: layer === undefined ? model.selectFromLayer : Number(layer),
  };
}

/** Items as they were written for this run, else as many as the published benchmark has. */
async function itemsOf(context: RunContext, asked: number | undefined): Promise<RunFacts['items']> {
  const { benchmarks, describeBenchmark } = await import('@flexattn/eval');
  const written = await writtenItems(join(artifacts(context, 'items'), 'items.jsonl'));
  const settings = Object.entries(context.config.eval.benchmarks);
  return Object.fromEntries(
    settings.map(([name, { protocol }]) => {
      const counted = asked ?? written.get(name);
      if (counted !== undefined) return [name, { n: counted, isPublished: false }];
      const known = benchmarks.get(name);
      const protocols = known === undefined ? [] : describeBenchmark(known).protocols;
      const published = protocols.find((one) => one.protocol === protocol) ?? protocols[0];
      return [name, { n: published?.items ?? null, isPublished: typeof published?.items === 'number' }];
    }),
  );
}

async function writtenItems(file: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (!(await pathExists(file))) return counts;
  for await (const { text } of readTextLines(file)) {
    const { benchmark = '' } = JSON.parse(text) as { benchmark?: string };
    counts.set(benchmark, (counts.get(benchmark) ?? 0) + 1);
  }
  return counts;
}

function shareOf(text: string): number {
  const share = Number(text);
  if (!(share > 0 && share <= 1)) throw new InvalidArgumentError('expected a share above 0, up to 1.');
  return share;
}
