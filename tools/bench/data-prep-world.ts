import { existsSync } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, type Random } from '../tiny/random.js';

/** Sources of the published mix with their share of its 665,298 samples; text only has no folder. */
const SOURCES: readonly (readonly [folder: string | undefined, samples: number])[] = [
  ['coco/train2017', 364_100],
  ['vg/VG_100K', 57_000],
  ['vg/VG_100K_2', 29_417],
  ['gqa/images', 72_140],
  ['ocr_vqa/images', 80_000],
  ['textvqa/train_images', 21_953],
  [undefined, 40_688],
];
const MIX = SOURCES.reduce((sum, [, samples]) => sum + samples, 0);
const WITH_IMAGE = SOURCES.reduce((sum, [folder, samples]) => sum + (folder === undefined ? 0 : samples), 0);

/** Image files below the root, as many as 133,000 samples of the mix name. */
const FILES = 91_000;

/** Shares in percent: the tag at the end of the first question, as in LLaVA-Instruct. */
const TAG_AT_END = 12;

const JPEG = Buffer.from('\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0', 'latin1');

const WORDS =
  'the a of in on with picture shows man woman street table left right large small red blue several people near building standing holding can be seen which appears what is there and are it background visible scene car dog tree water sky white clock sign number answer question using single word phrase'.split(
    ' ',
  );

/** The files and annotations of a benchmark, written below `folder` unless they are there: the same for the same seed. */
export async function makeWorld(
  folder: string,
  seed: number,
  samples: number,
): Promise<{ annotations: string; images: string }> {
  const images = join(folder, 'images');
  const annotations = join(folder, `mix-${samples}.json`);
  if (!existsSync(join(folder, 'images.done'))) {
    await writeImages(images);
    await writeFile(join(folder, 'images.done'), '');
  }
  if (!existsSync(`${annotations}.done`)) {
    await writeAnnotations(annotations, seed, samples);
    await writeFile(`${annotations}.done`, '');
  }
  return { annotations, images };
}

async function writeImages(root: string): Promise<void> {
  for (const [folder, share] of SOURCES) {
    if (folder === undefined) continue;
    await mkdir(join(root, folder), { recursive: true });
    const names = Array.from({ length: filesOf(share) }, (_, i) => nameOf(folder, i));
    for (let at = 0; at < names.length; at += 256) {
      await Promise.all(names.slice(at, at + 256).map((name) => writeFile(join(root, name), JPEG)));
    }
  }
}

function filesOf(share: number): number {
  return Math.round((FILES * share) / WITH_IMAGE);
}

function nameOf(folder: string, i: number): string {
  return `${folder}/${String(i).padStart(12, '0')}.jpg`;
}

async function writeAnnotations(path: string, seed: number, samples: number): Promise<void> {
  const random = createRandom(seed, 'data-prep');
  const file = await open(path, 'w');
  try {
    for (let i = 0; i < samples; i += 1000) {
      const count = Math.min(1000, samples - i);
      const texts = Array.from({ length: count }, () =>
        JSON.stringify(sampleOf(random), null, 2).replaceAll('\n', '\n  '),
      );
      await file.write(`${i === 0 ? '[\n  ' : ',\n  '}${texts.join(',\n  ')}`);
    }
    await file.write('\n]\n');
  } finally {
    await file.close();
  }
}

function sampleOf(random: Random): object {
  const [folder, share] = pickSource(random);
  const turns = random.pick([1, 2, 3, 3, 4, 5, 8]);
  const conversations = Array.from({ length: turns }, (_, i) => [
    { from: 'human', value: questionOf(random, i === 0 && folder !== undefined) },
    { from: 'gpt', value: textOf(random, random.pick([1, 5, 20, 124])) },
  ]).flat();
  const file = random.below(filesOf(share));
  const id = String(file).padStart(12, '0');
  if (folder === undefined) return { id, conversations };
  return { id, image: imageOf(random, folder, file), conversations };
}

function pickSource(random: Random): (typeof SOURCES)[number] {
  let left = random.below(MIX);
  for (const source of SOURCES) {
    left -= source[1];
    if (left < 0) return source;
  }
  throw new RangeError('the shares of the sources do not add up');
}

/** One in 50 has another extension than its file, one in 200 has no file. */
function imageOf(random: Random, folder: string, file: number): string {
  const name = nameOf(folder, file);
  if (random.below(200) === 0) return name.replace('.jpg', '_gone.jpg');
  return random.below(50) === 0 ? name.replace('.jpg', '.png') : name;
}

function questionOf(random: Random, tagged: boolean): string {
  const text = textOf(random, random.between(5, 15));
  if (!tagged) return text;
  return random.chance(TAG_AT_END) ? `${text}\n<image>` : `<image>\n${text}`;
}

function textOf(random: Random, words: number): string {
  const text = Array.from({ length: words }, () => random.pick(WORDS)).join(' ');
  const end = random.pick(['.', '.', '.', '?', '."', '.\n', ' \u2019.']);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${end}`.trim();
}
