import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes that start like a PNG; loaders look no further. */
export const PNG = Buffer.from('89504e470d0a1a0a', 'hex');

/** A new folder below the system's temporary one. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'eval-'));
}

/** Writes text or bytes, or another value as JSON; folders are made. */
export async function put(folder: string, name: string, content: unknown): Promise<void> {
  const file = join(folder, name);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(
    file,
    typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content),
  );
}

/** A question of TextVQA that ten annotators answered with `answer`. */
export function textvqaRow(id: unknown, image: unknown, answer: string): Record<string, unknown> {
  return {
    question_id: id,
    question: `what does ${String(id)} say?`,
    image_id: image,
    image_width: 10,
    answers: Array.from({ length: 10 }, () => answer),
  };
}

/** Writes small benchmarks in the published formats: 3 + 3 + 3 items, one picture used twice in TextVQA and Magnifier. */
export async function putBenchmarks(folder: string) {
  await put(folder, 'textvqa/TextVQA_0.5.1_val.json', {
    dataset_type: 'val',
    data: [
      textvqaRow(34602, 'p1', 'nokia'),
      textvqaRow(34603, 'p1', 'stop'),
      textvqaRow('34604', 'p2', 'one'),
    ],
  });
  for (const name of ['p1', 'p2']) await put(folder, `textvqa/train_images/${name}.jpg`, `jpg ${name}`);
  for (const [name, suffix] of [
    ['direct_attributes/sa_2', 'JPG'],
    ['direct_attributes/sa_10', 'webp'],
    ['relative_position/sa_2', 'png'],
  ] as const) {
    const question = { question: `Where is ${name}?`, options: ['Left. ', 'right', 'above'], bbox: [1] };
    await put(folder, `vstar/vstar_bench/${name}.json`, question);
    await put(folder, `vstar/vstar_bench/${name}.${suffix}`, `${suffix} ${name}`);
  }
  const row = (answer: string, image: unknown) => ({
    instruction: 'Which? A. red, B. blue, C. green, D. none',
    answer,
    image_ids: [image],
    rel_ins_ids: [],
  });
  await put(folder, 'magnifier/data_instructions.json', {
    meta: { version: '1' },
    data: { M_1: row('A', 'I_1'), M_2: row('B', 'I_1'), M_3: row('C', 7) },
  });
  await put(folder, 'magnifier/images.json', {
    I_1: PNG.toString('base64'),
    unused: 'not base64',
    7: Buffer.concat([PNG, PNG]).toString('base64'),
  });
  return {
    textvqa: { path: join(folder, 'textvqa') },
    vstar: { path: join(folder, 'vstar') },
    magnifier: { path: join(folder, 'magnifier') },
  };
}

/** Writes small copies of the other benchmarks in their published formats: two questions for each part. */
export async function putOtherBenchmarks(folder: string) {
  await putAerial(folder);
  await put(folder, 'docvqa/val_v1.0_withQT.json', {
    dataset_split: 'val',
    data: [
      {
        questionId: 49153,
        question: 'What is the "date"?',
        image: 'documents/pybv0228_81.png',
        answers: ['7 May', 'May 7'],
      },
      {
        questionId: 24580,
        question: 'Who?',
        image: 'documents/p.png',
        answers: ['Smith'],
        question_types: ['form'],
      },
    ],
  });
  for (const name of ['pybv0228_81', 'p']) await put(folder, `docvqa/images/${name}.png`, PNG);
  for (const part of ['human', 'augmented']) {
    await put(folder, `chartqa/test/test_${part}.json`, [
      { imgname: '41699051005347.png', query: 'How many?', label: '14' },
      { imgname: '41699051005347.png', query: 'Which?', label: 'Blue' },
    ]);
  }
  await put(folder, 'chartqa/test/png/41699051005347.png', PNG);
  await putPope(folder);
  const boxes = [
    { sent: 'the dog', bbox: [0, 0, 320, 240] },
    { sent: 'its ear', bbox: [10, 10, 42, 34] },
  ].map((row) => ({ image: 'data/coco/train2014/COCO_train2014_1.jpg', ...row, width: 640, height: 480 }));
  await put(folder, 'refcoco/refcocog_val.jsonl', boxes.map((one) => `${JSON.stringify(one)}\n`).join(''));
  await put(folder, 'refcoco/train2014/COCO_train2014_1.jpg', 'jpg');
  const at = (name: string) => ({ path: join(folder, name) });
  return {
    'rsvqa-hrben': at('rsvqa'),
    docvqa: at('docvqa'),
    chartqa: at('chartqa'),
    pope: at('pope'),
    refcoco: at('refcoco'),
  };
}

/** POPE: the same two questions in each of its parts. */
async function putPope(folder: string): Promise<void> {
  for (const part of ['random', 'popular', 'adversarial']) {
    const row = { image: 'COCO_val2014_000000310196.jpg' };
    const rows = [
      { ...row, question_id: 1, text: 'Is there a snowboard in the image?', label: 'yes' },
      { ...row, question_id: 2, text: 'Is there a dining table in the image?', label: 'no' },
    ];
    await put(folder, `pope/coco_pope_${part}.json`, rows.map((one) => `${JSON.stringify(one)}\n`).join(''));
  }
  await put(folder, 'pope/val2014/COCO_val2014_000000310196.jpg', 'jpg');
}

/** RSVQA HR: inactive rows and other types of questions among those that are asked. */
async function putAerial(folder: string): Promise<void> {
  const row = (id: number, type: string, question: string) => ({
    id,
    img_id: id % 2,
    type,
    question,
    answers_ids: [id + 100],
    active: true,
  });
  await put(folder, 'rsvqa/USGS_split_test_phili_questions.json', {
    questions: [
      row(1, 'presence', 'Is there a road?'),
      { id: 2, active: false },
      row(3, 'count', 'How many roads are there?'),
      row(4, 'comp', 'Are there more roads than buildings?'),
      row(5, 'area', 'What is the area of the roads?'),
    ],
  });
  const answer = (id: number, text: string) => ({
    id: id + 100,
    question_id: id,
    answer: text,
    active: true,
  });
  await put(folder, 'rsvqa/USGS_split_test_phili_answers.json', {
    answers: [
      answer(4, 'no'),
      { id: 102, active: false },
      answer(3, '7'),
      answer(1, 'yes'),
      answer(5, '30m2'),
    ],
  });
  for (const name of ['0.tif', '1.png']) await put(folder, `rsvqa/Data/${name}`, PNG);
}
