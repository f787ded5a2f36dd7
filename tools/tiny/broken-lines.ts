import { crc32 } from 'node:zlib';
import { gzipSync } from 'fflate';
import { encodePng } from './encode-image.js';
import { SHORT_LINE } from './questions.js';
import type { Random } from './random.js';
import type { WorldFile } from './world-file.js';

/** A sample's conversation as JSON text: what these samples lack is elsewhere. */
const TURNS = JSON.stringify([
  { from: 'human', value: `<image>\nWhich way do the stripes on the red plate run?${SHORT_LINE}` },
  { from: 'gpt', value: 'vertical' },
]);

const line = (id: string, image: string, turns = TURNS): string =>
  `{"id":${JSON.stringify(id)},"image":${JSON.stringify(image)},"conversations":${turns}}`;

/** Files that exist and are no pictures: empty ones, and a server's error page under a picture's name. */
const BAD_FILES: readonly (readonly [path: string, text: string])[] = [
  ['gqa/images/9000001.png', ''],
  ['ocr_vqa/images/900000002.jpg', ''],
  ['coco/train2017/000000900003.jpg', ''],
  ['vg/VG_100K/9000004.png', '<!DOCTYPE html>\n<title>404 Not Found</title>\n'],
  ['vg/VG_100K_2/9000005.png', '<!DOCTYPE html>\n<title>404 Not Found</title>\n'],
  ['ocr_vqa/images/900000006.jpg', 'redirect\n'],
];

/** A file that is there and is a picture of one pixel (GIF), so that these samples fail for their own fault alone. */
const PIXEL = 'gqa/images/9000000.gif';
const PIXEL_BYTES = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64');

/** Names that leave the image root. */
const ESCAPES = [
  '../../../etc/passwd',
  'coco/train2017/../../../annotations.json',
  'gqa\\..\\..\\annotations.json',
  '/etc/passwd',
  'C:\\pictures\\1.png',
  'coco/train2017/000000300000.png\u0000.jpg',
];

/** Samples whose shape is wrong, each in another place. */
function badShapes(): string[] {
  const image = JSON.stringify(PIXEL);
  return [
    '7',
    'null',
    '"a sample"',
    '[]',
    `{"image":${image},"conversations":${TURNS}}`,
    `{"id":{"number":1},"image":${image},"conversations":${TURNS}}`,
    `{"id":"shape-image-number","image":17,"conversations":${TURNS}}`,
    `{"id":"shape-image-null","image":null,"conversations":${TURNS}}`,
    `{"id":"shape-image-list","image":[${image}],"conversations":${TURNS}}`,
    `{"id":"shape-no-turns","image":${image}}`,
    line('shape-empty', PIXEL, '[]'),
    line('shape-text', PIXEL, '"What is it?"'),
    line('shape-turn', PIXEL, '["What is it?"]'),
    line('shape-role', PIXEL, '[{"from":"robot","value":"What is it?"}]'),
    line('shape-value', PIXEL, '[{"from":"human","value":["What is it?"]}]'),
    line('shape-no-value', PIXEL, '[{"from":"human"}]'),
  ];
}

/** Samples that no JSON parser should read without a word: their text matters, so it is written by hand. */
function badJson(): string[] {
  const deep = `${'{"in":'.repeat(20)}1${'}'.repeat(20)}`;
  const image = JSON.stringify(PIXEL);
  const rest = `"image":${image},"conversations":${TURNS}`;
  return [
    `{"id":"duplicate-1","id":"duplicate-2",${rest}}`,
    line('duplicate-turn', PIXEL, '[{"from":"human","from":"gpt","value":"What is it?"}]'),
    `{"id":"proto","__proto__":{"polluted":true},${rest}}`,
    line(
      'surrogate-high',
      PIXEL,
      '[{"from":"human","value":"<image>\\nWhat is \\ud83d?"},{"from":"gpt","value":"red"}]',
    ),
    line(
      'surrogate-low',
      PIXEL,
      '[{"from":"human","value":"<image>\\nWhat is it?"},{"from":"gpt","value":"\\udc00"}]',
    ),
    `{"id":"deep","extra":${deep},${rest}}`,
    `{"id":"deep-list","extra":${'['.repeat(40)}${']'.repeat(40)},${rest}}`,
  ];
}

/** A line in Latin-1: its last letter is a byte that UTF-8 never has. */
const LATIN_1 = Buffer.from(
  `{"id":"caf\u00e9","image":${JSON.stringify(PIXEL)},"conversations":${TURNS}}`,
  'latin1',
);

/** Conversations that nobody asks anything in. */
function withoutHuman(): string[] {
  const answer = '[{"from":"gpt","value":"vertical"}]';
  const told = '[{"from":"system","value":"Look closely."},{"from":"gpt","value":"vertical"}]';
  return [
    line('no-human', PIXEL, answer),
    line('system-only', PIXEL, told),
    `{"id":"no-human-text","conversations":${answer}}`,
  ];
}

/** Pictures that only decoding finds out: one that ends too early, and one that claims 400 megapixels in 200 bytes. */
function undecodable(): readonly WorldFile[] {
  const whole = encodePng({ width: 20, height: 20, palette: [[127, 127, 127]], pixels: new Uint8Array(400) });
  const huge = Uint8Array.from(whole);
  const view = new DataView(huge.buffer);
  view.setUint32(16, 20_000);
  view.setUint32(20, 20_000);
  view.setUint32(29, crc32(huge.subarray(12, 29)));
  return [
    { path: 'gqa/images/9000007.png', bytes: whole.subarray(0, whole.length - 20) },
    { path: 'coco/train2017/000000900008.png', bytes: huge },
  ];
}

/** What comes behind the shuffled samples: samples whose pictures do not decode, and those pictures. */
export function undecodableLines(): { lines: Buffer[]; files: readonly WorldFile[] } {
  const files = undecodable();
  return { lines: files.map(({ path }, i) => Buffer.from(line(`undecodable-${i}`, path))), files };
}

/** A second annotation file, compressed as large ones are: its one sample is too large to be read. */
export function oversizedFile(): WorldFile {
  const answer = JSON.stringify([
    { from: 'human', value: `<image>\nWhat is it?${SHORT_LINE}` },
    { from: 'gpt', value: 'red '.repeat(1_100_000) },
  ]);
  const text = `[\n${line('oversized', PIXEL, answer)}\n]\n`;
  return { path: 'data/oversized.json.gz', bytes: gzipSync(Buffer.from(text), { mtime: 0 }) };
}

/** Every kind of sample that cleaning drops, and the files they speak of. */
export function brokenLines(random: Random): { lines: Buffer[]; files: WorldFile[] } {
  const missing = [
    'coco/train2017',
    'gqa/images',
    'ocr_vqa/images',
    'textvqa/train_images',
    'vg/VG_100K',
    'vg/VG_100K_2',
  ]
    .flatMap((folder) => [folder, folder, folder])
    .map((folder, i) => line(`missing-${i}`, `${folder}/${String(8_000_000 + random.below(900_000))}.jpg`));
  const files = BAD_FILES.map(([path, text]) => ({ path, bytes: Buffer.from(text) }));
  return {
    lines: [
      LATIN_1,
      ...[
        ...missing,
        ...ESCAPES.map((image, i) => line(`escape-${i}`, image)),
        ...BAD_FILES.map(([path], i) => line(`bad-file-${i}`, path)),
        ...badShapes(),
        ...badJson(),
        ...withoutHuman(),
      ].map((text) => Buffer.from(text)),
    ],
    files: [...files, { path: PIXEL, bytes: PIXEL_BYTES }],
  };
}
