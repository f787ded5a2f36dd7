import { join } from 'node:path';
import { encodeConversation, loadTokenizer } from '@flexattn/flexattn-runtime';
import { writeTrainingData } from '@flexattn/train';
import type { Sample } from '@flexattn/data-prep';
import { encodePng } from './encode-image.js';
import { writeFolder } from './folder.js';
import { createRandom } from './random.js';
import { conversationAbout, conversationWithoutPicture, questionAbout } from './samples.js';
import { COARSE, COLOURS, DIRECTIONS, drawScene } from './scene.js';

/** How many coarse pictures the base learns from, and how many conversations have no picture. */
const PICTURES = 8000;
const TEXT_ONLY = 300;

/** Longest sequence in positions, image tokens included: two turns need some 220. */
const LONGEST = 512;
/** Low-resolution image tokens: 9 x 9. */
const IMAGE_TOKENS = 81;

/** The first lessons: one question about each picture, `sides` of 100 about a plate's side, the others about its stripes. */
async function* shortLesson(seed: number, sides: number): AsyncGenerator<Sample> {
  for (let i = 0; i < PICTURES; i++) {
    const random = createRandom(seed, `coarse/${i}/short/${sides}`);
    const scene = drawScene(createRandom(seed, `coarse/${i}`), COARSE);
    yield await Promise.resolve({
      id: String(i),
      image: `${i}.png`,
      conversations: questionAbout(random, scene, sides),
    });
  }
}

/** The last lesson: questions of every kind, and a few without a picture (they get a blank one). */
async function* allLesson(seed: number): AsyncGenerator<Sample> {
  for (let i = 0; i < PICTURES; i++) {
    const random = createRandom(seed, `coarse/${i}/all`);
    const scene = drawScene(createRandom(seed, `coarse/${i}`), COARSE);
    const conversations = conversationAbout(random, scene, random.pick([1, 1, 2]), 'one plate');
    yield await Promise.resolve({ id: String(i), image: `${i}.png`, conversations });
  }
  for (let i = 0; i < TEXT_ONLY; i++) {
    const [question, ...rest] = conversationWithoutPicture(createRandom(seed, `coarse/text/${i}`));
    if (!question) continue;
    yield { id: `text${i}`, conversations: [{ ...question, value: `<image>\n${question.value}` }, ...rest] };
  }
}

/**
 * Writes what the base is trained on: `images/*.png`, `scenes.jsonl` (where the plates lie, for the vision tower)
 * and `stripes/`, `sides/` and `all/tokens.jsonl` (conversations, for the whole model).
 */
export async function writePretrainingData(seed: number, base: string, out: string): Promise<void> {
  const scenes: string[] = [];
  const images = Array.from({ length: PICTURES }, (_, i) => {
    const { picture, plates } = drawScene(createRandom(seed, `coarse/${i}`), COARSE);
    const boxes = plates.map(({ x, y, width, height, colour, direction }) => ({
      box: [x, y, width, height],
      label: COLOURS.indexOf(colour) * DIRECTIONS.length + DIRECTIONS.indexOf(direction),
    }));
    scenes.push(
      JSON.stringify({ image: `${i}.png`, width: picture.width, height: picture.height, plates: boxes }),
    );
    return { path: `images/${i}.png`, bytes: encodePng(picture) };
  });
  await writeFolder(
    out,
    [...images, { path: 'scenes.jsonl', bytes: Buffer.from(`${scenes.join('\n')}\n`) }],
    [],
  );
  const tokenizer = await loadTokenizer(base);
  for (const [name, samples] of [
    ['stripes', shortLesson(seed, 0)],
    ['sides', shortLesson(seed, 80)],
    ['all', allLesson(seed)],
  ] as const) {
    await writeTrainingData({
      samples,
      encode: (conversations) => encodeConversation(tokenizer, conversations),
      modelMaxLength: LONGEST,
      imageTokens: IMAGE_TOKENS,
      out: join(out, name),
    });
  }
}
