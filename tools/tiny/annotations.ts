import type { Sample } from '@flexattn/data-prep';
import { brokenLines, oversizedFile, undecodableLines } from './broken-lines.js';
import { encodeJpeg, encodePng } from './encode-image.js';
import { createRandom } from './random.js';
import { conversationAbout, conversationWithoutPicture } from './samples.js';
import { FINE, drawScene, type Scene } from './scene.js';
import { soil } from './soil.js';
import type { WorldFile } from './world-file.js';

/** Distinct pictures, pictures with a second sample of their own, samples without a picture. */
const PICTURES = 1700;
const SECOND_SAMPLES = 140;
const TEXT_ONLY = 90;

/** Where pictures live, with their share in the real file (per mille) and the usual extension there. */
const FOLDERS = [
  { folder: 'coco/train2017', share: 583, extension: 'jpg', digits: 12 },
  { folder: 'vg/VG_100K', share: 70, extension: 'png', digits: 7 },
  { folder: 'vg/VG_100K_2', share: 68, extension: 'png', digits: 7 },
  { folder: 'gqa/images', share: 116, extension: 'png', digits: 7 },
  { folder: 'ocr_vqa/images', share: 128, extension: 'png', digits: 9 },
  { folder: 'textvqa/train_images', share: 35, extension: 'jpg', digits: 16 },
] as const;

/** One in this many pictures of a JPEG folder is really a JPEG; the others are PNG files, five times as small. */
const JPEG_EVERY = 12;

/** The picture with this number: its path below the image root, its bytes and what it shows. */
function drawTrainingPicture(
  seed: number,
  number: number,
): { image: string; bytes: Uint8Array; scene: Scene } {
  const random = createRandom(seed, `train/${number}`);
  const scene = drawScene(random, FINE);
  let at = random.below(1000);
  const home = FOLDERS.find(({ share }) => (at -= share) < 0) ?? FOLDERS[0];
  const jpeg = home.extension === 'jpg' && number % JPEG_EVERY === 0;
  const name = String(300_000 + 7 * number).padStart(home.digits, '0');
  return {
    image: `${home.folder}/${name}.${jpeg ? 'jpg' : 'png'}`,
    bytes: (jpeg ? encodeJpeg : encodePng)(scene.picture),
    scene,
  };
}

/** The clean samples and their pictures, in the order of their numbers. */
function cleanSamples(seed: number): { samples: Sample[]; pictures: WorldFile[] } {
  const samples: Sample[] = [];
  const pictures: WorldFile[] = [];
  for (let number = 0; number < PICTURES; number++) {
    const { image, bytes, scene } = drawTrainingPicture(seed, number);
    pictures.push({ path: image, bytes });
    const id = image.slice(image.lastIndexOf('/') + 1, image.lastIndexOf('.'));
    const ask = (which: number) => {
      const random = createRandom(seed, `train/${number}/${which}`);
      return conversationAbout(random, scene, random.pick([1, 2, 3, 3]));
    };
    samples.push({ id, image, conversations: ask(0) });
    if (number < SECOND_SAMPLES) samples.push({ id, image, conversations: ask(1) });
  }
  for (let number = 0; number < TEXT_ONLY; number++) {
    const conversations = conversationWithoutPicture(createRandom(seed, `text/${number}`));
    samples.push({ id: `text${String(number).padStart(4, '0')}`, conversations });
  }
  return { samples, pictures };
}

/** The raw annotation files, one sample a line, dirty on purpose, and the image root they speak of. */
export function buildTrainingData(seed: number): WorldFile[] {
  const random = createRandom(seed, 'annotations');
  const { samples, pictures } = cleanSamples(seed);
  const soiled = soil(random, samples, pictures);
  const broken = brokenLines(random);
  const undecodable = undecodableLines();
  const shuffled = random.shuffle([
    ...soiled.samples.map((sample) => Buffer.from(JSON.stringify(sample))),
    ...broken.lines,
  ]);
  const lines = [...shuffled, ...undecodable.lines];
  const separated = lines.flatMap((line, i) => [Buffer.from(i === 0 ? '[\n' : ',\n'), line]);
  const root = [...soiled.pictures, ...broken.files, ...undecodable.files].map(({ path, bytes }) => ({
    path: `data/images/${path}`,
    bytes,
  }));
  return [
    { path: 'data/annotations.json', bytes: Buffer.concat([...separated, Buffer.from('\n]\n')]) },
    oversizedFile(),
    ...root,
  ];
}
