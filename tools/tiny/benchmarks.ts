import { encodeJpeg, encodePng } from './encode-image.js';
import { directionQuestion, letterQuestion, sideQuestion } from './questions.js';
import { createRandom, type Random } from './random.js';
import { COARSE, DIRECTIONS, FINE, drawScene, type Plate, type Scene } from './scene.js';
import type { WorldFile } from './world-file.js';

/** How many pictures each benchmark has; TextVQA asks two questions about each. */
const TEXTVQA_PICTURES = 100;
const VSTAR_ATTRIBUTES = 120;
const VSTAR_POSITIONS = 120;
const MAGNIFIER_PICTURES = 120;

const jsonFile = (path: string, value: unknown): WorldFile => ({
  path,
  bytes: Buffer.from(`${JSON.stringify(value, null, 1)}\n`),
});

/** What people write who did not look closely; none of it is one of the four directions. */
const STRAY_ANSWERS = ['striped', 'diagonal', 'straight', 'lines', 'unanswerable'];

/** Ten people's answers: seven to ten agree. */
function tenAnswers(random: Random, answer: string): string[] {
  const agreeing = random.between(7, 10);
  return random.shuffle(
    Array.from({ length: 10 }, (_, i) => (i < agreeing ? answer : random.pick(STRAY_ANSWERS))),
  );
}

/** TextVQA 0.5.1: one JSON file of questions with ten answers each, pictures as `train_images/{image_id}.jpg`. */
function textvqa(seed: number): WorldFile[] {
  const files: WorldFile[] = [];
  const data: object[] = [];
  for (let i = 0; i < TEXTVQA_PICTURES; i++) {
    const random = createRandom(seed, `textvqa/${i}`);
    const scene = drawScene(random, FINE);
    const image_id = (0x7e57000000000000n + BigInt(i)).toString(16);
    files.push({ path: `benchmarks/textvqa/train_images/${image_id}.jpg`, bytes: encodeJpeg(scene.picture) });
    for (const plate of scene.plates) {
      const { text, answer } = directionQuestion(random, plate);
      data.push({
        question: text,
        image_id,
        image_classes: ['Plate'],
        flickr_original_url: '',
        flickr_300k_url: '',
        image_width: scene.picture.width,
        image_height: scene.picture.height,
        answers: tenAnswers(random, answer),
        question_tokens: text.toLowerCase().replace('?', '').split(' '),
        question_id: 34602 + data.length,
        set_name: 'val',
      });
    }
  }
  const set = { dataset_type: 'val', dataset_name: 'textvqa', dataset_version: '0.5.1', data };
  return [...files, jsonFile('benchmarks/textvqa/TextVQA_0.5.1_val.json', set)];
}

/** V*: one JSON file a question (the first option is right) beside its picture. */
function vstarItem(
  folder: string,
  index: number,
  item: object,
  picture: Uint8Array,
  extension: string,
): WorldFile[] {
  const stem = `benchmarks/vstar/vstar_bench/${folder}/sa_${String(10_000 + index)}`;
  return [jsonFile(`${stem}.json`, item), { path: `${stem}.${extension}`, bytes: picture }];
}

/** Scene and plate of a benchmark's item `index`: the four directions take turns, so that any one answer is right in a quarter. */
function askedPlate(
  seed: number,
  label: string,
  index: number,
): { random: Random; scene: Scene; plate: Plate } {
  for (let tries = 0; ; tries++) {
    const random = createRandom(seed, `${label}/${index}/${tries}`);
    const scene = drawScene(random, FINE);
    const plate = scene.plates.find(({ direction }) => direction === DIRECTIONS[index % DIRECTIONS.length]);
    if (plate) return { random, scene, plate };
  }
}

/** The fine half: which way stripes run. Every seventh picture is a JPEG. */
function vstarAttributes(seed: number): WorldFile[] {
  return Array.from({ length: VSTAR_ATTRIBUTES }, (_, i) => {
    const { random, scene, plate } = askedPlate(seed, 'vstar/direct_attributes', i);
    const { text, answer } = directionQuestion(random, plate);
    const item = {
      target_object: [`${plate.colour} plate`],
      bbox: [[plate.x, plate.y, plate.width, plate.height]],
      question: text,
      options: [answer, ...random.shuffle(DIRECTIONS.filter((direction) => direction !== answer))],
    };
    return i % 7 === 0
      ? vstarItem('direct_attributes', i, item, encodeJpeg(scene.picture), 'jpg')
      : vstarItem('direct_attributes', i, item, encodePng(scene.picture), 'png');
  }).flat();
}

/** The coarse half: on which side of the picture a plate lies, which the low-resolution input can carry. */
function vstarPositions(seed: number): WorldFile[] {
  const files: WorldFile[] = [];
  for (let i = 0, tries = 0; i < VSTAR_POSITIONS; tries++) {
    const random = createRandom(seed, `vstar/relative_position/${tries}`);
    const scene = drawScene(random, random.chance(50) ? FINE : COARSE);
    const [question] = sideQuestion(random, scene, random.pick(scene.plates));
    if (!question) continue;
    const { text, answer, pair } = question;
    const item = {
      target_object: scene.plates.map(({ colour }) => `${colour} plate`),
      bbox: scene.plates.map(({ x, y, width, height }) => [x, y, width, height]),
      question: text,
      options: [answer, pair[0] === answer ? pair[1] : pair[0]],
    };
    files.push(...vstarItem('relative_position', i, item, encodePng(scene.picture), 'png'));
    i++;
  }
  return files;
}

/** MagnifierBench: all pictures in one file as base64, all questions in another. */
function magnifier(seed: number): WorldFile[] {
  const images: Record<string, string> = {};
  const data: Record<string, object> = {};
  for (let i = 0; i < MAGNIFIER_PICTURES; i++) {
    const { random, scene, plate } = askedPlate(seed, 'magnifier', i);
    const { text, answer } = letterQuestion(random, plate);
    const onOneLine = text.replace('\nA.', ' A.').replaceAll('\n', ', '); // as the published file has it
    const name = String(i).padStart(5, '0');
    images[`MAG_IMG_${name}`] = Buffer.from(encodePng(scene.picture)).toString('base64');
    data[`MAG_INS_${name}`] = {
      instruction: onOneLine,
      answer,
      image_ids: [`MAG_IMG_${name}`],
      rel_ins_ids: [],
    };
  }
  const meta = { version: '0.0.1', time: '2023-11', author: 'tools/tiny' };
  return [
    jsonFile('benchmarks/magnifier/MagnifierBench/images.json', images),
    jsonFile('benchmarks/magnifier/MagnifierBench/data_instructions.json', { meta, data }),
  ];
}

/** Three benchmarks in the formats of the real ones; none of their pictures is trained on. */
export function buildBenchmarks(seed: number): WorldFile[] {
  return [...textvqa(seed), ...vstarAttributes(seed), ...vstarPositions(seed), ...magnifier(seed)];
}
