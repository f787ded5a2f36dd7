import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { inferItems, type InferItem } from '@flexattn/flexattn-runtime';
import { median } from './medians.js';
import { MINI, writeRandomCheckpoint } from './random-checkpoint.js';
import { figure } from './result-table.js';
import type { ScalingPart } from './scaling.js';

/** `npm run bench` runs from the root of the workspace. */
const PHOTOS = resolve('libs/flexattn-runtime/golden/photos');
/** Of the miniature's base: random weights answer in its words. */
const TOKENIZER = resolve('tools/tiny/world/base/tokenizer.json');
const NAMES = [
  'chelsea.jpg',
  'coffee.png',
  'rocket.jpg',
  'chelsea-126px.png',
  'coffee-189px.png',
  'rocket-189px.png',
];
const WORKERS = [1, 2];
const ZOOM = 2;

/** Items a second by the number of worker processes; the threads are the same in all, shared among them. */
export async function scaleInfer(questions: number, repeat: number): Promise<ScalingPart> {
  const threads = availableParallelism();
  const items = NAMES.flatMap((image) =>
    Array.from({ length: questions }, (_, i): InferItem => ({
      ...{ id: `${image}/${i}`, image, maxNewTokens: 8 },
      prompt: `<image>\nWhat is it, number ${i}?`,
    })),
  );
  const dir = await mkdtemp(join(tmpdir(), 'flexattn-bench-'));
  const times = WORKERS.map((): number[] => []);
  try {
    await writeRandomCheckpoint(dir, { ...MINI, zoom: ZOOM }, { seed: 1, spread: 0.04 });
    await copyFile(TOKENIZER, join(dir, 'tokenizer.json'));
    for (let run = 0; run < repeat; run += 1) {
      for (const [i, workers] of WORKERS.entries()) {
        const out = join(dir, `answers-${workers}-${run}.jsonl`);
        const began = performance.now();
        const { answered } = await inferItems({
          ...{ model: dir, items: each(items), out, root: PHOTOS, threads, workers, quiet: true },
        });
        if (answered !== items.length) throw new Error(`${answered} of ${items.length} items were answered`);
        times[i]?.push((performance.now() - began) / 1000);
      }
    }
  } finally {
    await rm(dir, { recursive: true });
  }
  const rates = times.map((seconds) => seconds.map((time) => items.length / time));
  return {
    title: '`infer` by workers',
    text: `${items.length} items about ${NAMES.length} pictures, the model above at ${336 * ZOOM} px, loading included; ${threads} threads in all, shared among the workers; medians of ${repeat} runs, in turns.`,
    head: ['workers', 'items/s', 'least', 'most'],
    rows: rates.map((rate, i) => [
      String(WORKERS[i] ?? ''),
      ...[median(rate), Math.min(...rate), Math.max(...rate)].map(figure),
    ]),
    drawings: {
      'scaling-infer': {
        ...{ title: 'Items a second by workers', sizes: 'workers', values: 'items a second' },
        points: rates.map((rate, i) => ({
          ...{ curve: 'infer', size: String(WORKERS[i] ?? ''), value: median(rate) },
          ...{ low: Math.min(...rate), high: Math.max(...rate) },
        })),
      },
    },
  };
}

async function* each(items: readonly InferItem[]): AsyncGenerator<InferItem> {
  for (const item of items) yield await Promise.resolve(item);
}
