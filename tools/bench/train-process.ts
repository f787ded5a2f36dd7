import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { trainSettingsSchema, type TrainSettings } from '@flexattn/train';

/** `npm run bench` runs from the root of the workspace. */
const RUNNER = resolve('tools/bench/train_baseline.py');
const PACKAGE = resolve('libs/train/python');
/** Where the pictures of `writeSamples` are. */
export const PHOTOS = resolve('libs/flexattn-runtime/golden/photos');

/** What the trainer says after a step, with what `train_baseline.py` measured of it. */
export interface Step {
  loss: number;
  seconds: number;
  cpuSeconds: number;
  /** The most RAM that the process held so far, bytes. */
  peakRss: number;
  /** Of the GPU where there is one. */
  memoryMegabytes: number;
  /** That pictures were waited for. */
  waitingSeconds: number;
  selectedShare?: number;
}

/** Settings of a measured run: the defaults, but for what is given. */
export function benchSettings(given: Partial<TrainSettings> & { steps: number }): TrainSettings {
  return trainSettingsSchema.parse({
    ...{ highres: true, batchSize: 2, microBatchSize: 2, learningRate: 1e-5, warmupSteps: 0, weightDecay: 0 },
    ...{ seed: 1, threads: 1, processes: 1, modelMaxLength: 2048 },
    ...given,
  });
}

/** Two pictures in turn; a system text of 35 tokens, the picture, a question of 30, an answer of 40. */
export async function writeSamples(folder: string, count: number): Promise<void> {
  const range = (begin: number, length: number) => Array.from({ length }, (_, i) => begin + i);
  await mkdir(folder);
  const lines = range(0, count).map((i) => {
    const inputIds = [1, ...range(100, 34), -200, ...range(300 + 10 * i, 30), ...range(7000 + 100 * i, 40)];
    const image = i % 2 === 0 ? 'chelsea.jpg' : 'coffee.png';
    return JSON.stringify({ id: String(i), image, inputIds, answers: [[66, 106]] });
  });
  await writeFile(join(folder, 'tokens.jsonl'), `${lines.join('\n')}\n`);
}

export interface TrainerProcessOptions {
  python: string;
  attention: 'ours' | 'published';
  /** Random weights of the checkpoint's shapes instead of its own. */
  random?: boolean;
  checkpoint: string;
  data: string;
  images: string;
  settings: TrainSettings;
  /** A path that does not exist, for the trained checkpoint of a run that is let end. */
  out: string;
}

/** A trainer that makes a step when it is told to. */
export class TrainerProcess {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  constructor(options: TrainerProcessOptions) {
    const { python, attention, random = false, checkpoint, data, images, out, settings } = options;
    const paths = ['--checkpoint', checkpoint, '--data', data, '--images', images, '--out', out];
    const args = [RUNNER, attention, ...(random ? ['--random'] : []), ...paths];
    const keepMemory = { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '4294967296' };
    this.#child = spawn(python, [...args, '--settings', JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ...keepMemory,
        OMP_NUM_THREADS: String(settings.threads),
        PYTHONPATH: PACKAGE,
        PYTHONDONTWRITEBYTECODE: '1',
      },
    });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  /** Waits until the model is loaded; gives what the trainer said of it. */
  async started(): Promise<{ parameters: number; trainedParameters: number }> {
    return (await this.#line('start')) as { parameters: number; trainedParameters: number };
  }

  /** The next step. */
  async step(): Promise<Step> {
    this.#child.stdin.write('\n');
    return (await this.#line('step')) as Step;
  }

  /** Ends it, whatever it has still to do. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill();
    await closed;
  }

  async #line(event: string): Promise<unknown> {
    for (;;) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error(`the trainer ended before its next ${event}`);
      if (!line.value.startsWith('{')) continue;
      const said = JSON.parse(line.value) as { event: string };
      if (said.event === event) return said;
    }
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
