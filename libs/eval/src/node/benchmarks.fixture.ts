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
