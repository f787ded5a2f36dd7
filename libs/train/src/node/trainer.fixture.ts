import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCheckpoint, writeSafetensors, type Tensor } from '@flexattn/model-prep';
import { readJsonAs } from '@flexattn/stage';
import { z } from 'zod';
import { tinySettings } from '../settings.fixture.js';
import { testInterpreter } from './interpreter.fixture.js';

/** A checkpoint, three pictures' worth of samples, and the original implementation's gradients. */
export const GOLDEN = fileURLToPath(new URL('../../golden/training-batch', import.meta.url));
export const python = testInterpreter();
/** torch takes seconds to import on a busy machine. */
export const TIMEOUT = 120_000;

const goldenBatch = z.object({
  batch: z.array(
    z.object({
      image: z.string().nullable(),
      input_ids: z.array(z.number()),
      answers: z.array(z.tuple([z.number(), z.number()])),
    }),
  ),
});

/** A folder of its own with the golden checkpoint as `base/` and its batch as `data/`. */
export class TrainerWorld {
  folder = '';

  async make(): Promise<string> {
    this.folder = await mkdtemp(join(tmpdir(), 'flexattn-trainer-'));
    const base = join(this.folder, 'base');
    await mkdir(base);
    for (const name of ['config.json', 'clip'])
      await cp(join(GOLDEN, name), join(base, name), { recursive: true });
    await this.#writeWeights(join(base, 'model.safetensors'));
    const { batch } = await readJsonAs(join(GOLDEN, 'expected.json'), goldenBatch);
    const lines = batch.map(({ image, input_ids: inputIds, answers }, id) =>
      JSON.stringify({ id: String(id), image, inputIds, answers }),
    );
    await mkdir(join(this.folder, 'data'));
    await writeFile(join(this.folder, 'data', 'tokens.jsonl'), `${lines.join('\n')}\n`);
    return this.folder;
  }

  /** The golden weights with metadata of several keys, whose order a writer must not leave to chance. */
  async #writeWeights(file: string): Promise<void> {
    const checkpoint = await openCheckpoint(GOLDEN);
    const tensors = new Map<string, Tensor>();
    for (const name of checkpoint.tensors.keys()) tensors.set(name, await checkpoint.read(name));
    const metadata = { format: 'pt', first: '1', second: '2', third: '3', fourth: '4' };
    await writeFile(file, writeSafetensors(tensors, metadata));
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }

  /** Three steps into `out`, but for the settings that are given. */
  options(out: string, settings: Partial<typeof tinySettings> = {}) {
    return {
      checkpoint: join(this.folder, 'base'),
      data: join(this.folder, 'data'),
      images: GOLDEN,
      out: join(this.folder, out),
      settings: { ...tinySettings, ...settings },
      python,
      quiet: true,
    };
  }

  /** Losses of a run, step by step. */
  async lossesOf(out: string): Promise<number[]> {
    return (await this.metricsOf(out)).map(({ loss }) => loss);
  }

  /** What a run kept of its steps. */
  async metricsOf(out: string): Promise<{ loss: number; gradNorm: number }[]> {
    const text = await readFile(join(this.folder, out, 'metrics.jsonl'), 'utf8');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { loss: number; gradNorm: number });
  }
}
