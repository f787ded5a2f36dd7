import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './checkout.js';
import { copyInto } from './small-world.js';
import type { SmallWorld } from './small-world.js';

const BENCHMARK = join(ROOT, 'tools/tiny/world/benchmarks/textvqa');
const QUESTIONS = 'TextVQA_0.5.1_val.json';

/** One sample in this many names a picture that is not there. */
export const MISSING_EVERY = 200;

/** What the model keeps of pictures, up to half a gigabyte, is little for so many: the rest of its memory is in question. */
const PICTURES = 20;

/** Gives a world as many questions about a few of the miniature's pictures, each of them with an id of its own. */
export async function giveQuestions(world: SmallWorld, count: number): Promise<void> {
  const pictures = (await readdir(join(BENCHMARK, 'train_images'))).sort();
  for (const name of pictures)
    await copyInto(join(BENCHMARK, 'train_images', name), join(world.folder, 'textvqa/train_images', name));
  const all = JSON.parse(await readFile(join(BENCHMARK, QUESTIONS), 'utf8')) as {
    data: { question: string }[];
  };
  const data = Array.from({ length: count }, (_, i) => {
    const item = all.data[i % Math.min(PICTURES, all.data.length)];
    // No two are alike: what was answered once would not be asked again.
    return { ...item, question_id: i, question: `${item?.question} ${i}` };
  });
  await writeFile(join(world.folder, 'textvqa', QUESTIONS), JSON.stringify({ ...all, data }));
}

/** Gives a world annotations of as many samples about its pictures; every two-hundredth names one that is missing. */
export async function giveSamples(world: SmallWorld, count: number): Promise<void> {
  const pictures = await readdir(join(world.folder, 'data/images'));
  const file = join(world.folder, 'data/annotations.json');
  // It may be a link to another world's.
  await rm(file);
  const out = createWriteStream(file);
  out.write('[');
  for (let i = 0; i < count; i++) {
    const image =
      i % MISSING_EVERY === MISSING_EVERY - 1 ? `missing-${i}.jpg` : pictures[i % pictures.length];
    const conversations = [
      { from: 'human', value: `<image>\nWhich way do the stripes of plate ${i} run?` },
      {
        from: 'gpt',
        value: 'The stripes on the plate run from the left to the right of the picture. '.repeat(4),
      },
    ];
    const text = JSON.stringify({ id: String(i), image, conversations });
    if (!out.write(`${i === 0 ? '' : ','}\n${text}`)) await once(out, 'drain');
  }
  out.end('\n]\n');
  await once(out, 'finish');
}
