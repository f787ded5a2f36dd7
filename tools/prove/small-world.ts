import { constants } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FLEXATTN, pythonProgram, ROOT } from './checkout.js';
import { startProcess } from './real-process.js';
import type { Outcome, ProcessOptions, RealProcess } from './real-process.js';

/** The commands in order; each can be run once those before it have. */
export const STAGES = ['clean', 'init', 'train', 'compile', 'infer', 'eval', 'report'] as const;
export type StageName = (typeof STAGES)[number];

/** The run's name: its artifacts are in `runs/small/`. */
const RUN = 'small';
const PICTURES = 6;
const ITEMS = 3;

/** The tiny run with one model, two steps, six pictures and three questions: a second a stage, six for the training. */
const CONFIG = {
  data: { annotations: 'data/annotations.json', images: 'data/images' },
  checkpoint: 'base',
  models: [{ name: 'flexattn', trained: true, selection: 'attention' }],
  train: { steps: 2, batchSize: 2, microBatchSize: 2, warmupSteps: 1, threads: 1, saveEverySteps: 1 },
  infer: { threads: 1 },
  eval: { benchmarks: { textvqa: { path: 'textvqa', protocol: 'plain' } } },
};

export interface StageOptions extends Partial<Omit<ProcessOptions, 'cwd'>> {
  /** Of Node, before the script: `--import FILE`. */
  nodeArgs?: readonly string[];
  /** After the stage's name, `--config` and the configuration. */
  args?: readonly string[];
}

/** A folder of its own in which every stage can be run as a real process. */
export class SmallWorld {
  /** Temporary files of all that runs here; it marks the processes, too. */
  readonly temporary: string;

  private constructor(readonly folder: string) {
    this.temporary = join(folder, 'tmp');
  }

  /** Raw data, base checkpoint and configuration in an empty or missing folder; a real path, not a link. */
  static async make(folder: string): Promise<SmallWorld> {
    const world = new SmallWorld(folder);
    await mkdir(world.temporary, { recursive: true });
    await cp(join(TINY, 'base'), join(folder, 'base'), { recursive: true });
    await makeData(folder);
    await writeFile(join(folder, `${RUN}.json`), JSON.stringify(await smallConfig(), null, 2));
    return world;
  }

  /** All that is here, in another folder. */
  async copy(folder: string): Promise<SmallWorld> {
    await cp(this.folder, folder, {
      recursive: true,
      preserveTimestamps: true,
      mode: constants.COPYFILE_FICLONE,
    });
    return new SmallWorld(folder);
  }

  /** Where a stage's artifacts are. */
  artifacts(stage: string): string {
    return join(this.folder, 'runs', RUN, stage);
  }

  /** What `flexattn` is started with to run a stage here. */
  command(stage: string, args: readonly string[]) {
    return {
      args: [stage, '--config', `${RUN}.json`, '--quiet', ...args],
      cwd: this.folder,
      env: { FLEXATTN_PYTHON: pythonProgram(), TMPDIR: this.temporary },
    };
  }

  /** Starts `flexattn STAGE` here. */
  start(stage: string, { nodeArgs = [], args = [], env, watch }: StageOptions = {}): RealProcess {
    const command = this.command(stage, args);
    return startProcess(process.execPath, [...nodeArgs, FLEXATTN, ...command.args], {
      cwd: command.cwd,
      env: { ...command.env, ...env },
      ...(watch === undefined ? {} : { watch }),
    });
  }

  /** Runs `flexattn STAGE` to its end, however it ends. */
  run(stage: string, options?: StageOptions): Promise<Outcome> {
    return this.start(stage, options).ended;
  }

  /** Runs a stage that must end well; an error tells what it said. */
  async runWell(stage: string, options?: StageOptions): Promise<Outcome> {
    const outcome = await this.run(stage, options);
    if (outcome.code !== 0) throw new Error(`flexattn ${stage}: ${endText(outcome)}`);
    return outcome;
  }
}

/** How a process ended and its last words, for people. */
export function endText({
  code,
  signal,
  stderr,
}: Pick<Outcome, 'code' | 'stderr'> & Partial<Outcome>): string {
  const last = stderr.trim().split('\n').at(-1);
  return `ended with ${signal ?? `exit code ${String(code)}`}${last === '' ? '' : `: ${last}`}`;
}

const TINY = join(ROOT, 'tools/tiny/world');

/** `configs/tiny.json` with what is smaller here merged over it, a part at a time. */
async function smallConfig(): Promise<object> {
  const text = await readFile(join(ROOT, 'configs/tiny.json'), 'utf8');
  const { $schema, ...tiny } = JSON.parse(text) as Record<string, object>;
  const merged = Object.entries({ ...tiny, ...CONFIG }).map(([name, part]) => {
    const isWhole = Array.isArray(part) || typeof part !== 'object';
    return [name, isWhole ? part : { ...tiny[name], ...part }] as const;
  });
  return Object.fromEntries(merged);
}

/** The first of the miniature's pictures, as training data and as benchmark items. */
async function makeData(folder: string): Promise<void> {
  const benchmark = join(TINY, 'benchmarks/textvqa');
  const pictures = (await readdir(join(benchmark, 'train_images'))).sort().slice(0, PICTURES);
  for (const name of pictures)
    await copyInto(join(benchmark, 'train_images', name), join(folder, 'data/images', name));
  const samples = pictures.map((image, id) => ({
    id: String(id),
    image,
    conversations: [
      { from: 'human', value: '<image>\nWhich way do the stripes run?' },
      { from: 'gpt', value: 'horizontal' },
    ],
  }));
  await writeFile(join(folder, 'data/annotations.json'), JSON.stringify(samples));
  const file = 'TextVQA_0.5.1_val.json';
  const all = JSON.parse(await readFile(join(benchmark, file), 'utf8')) as { data: { image_id: string }[] };
  const data = all.data.slice(0, ITEMS);
  for (const { image_id } of data) {
    const name = `train_images/${image_id}.jpg`;
    await copyInto(join(benchmark, name), join(folder, 'textvqa', name));
  }
  await writeFile(join(folder, 'textvqa', file), JSON.stringify({ ...all, data }));
}

/** A file, under folders that are made where they are missing. */
export async function copyInto(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}
