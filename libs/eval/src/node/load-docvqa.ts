import { join, posix } from 'node:path';
import { z } from 'zod';
import { loadedOf } from '../collect.js';
import { docvqa } from '../docvqa.js';
import type { Item, Loaded } from '../item.js';
import { locate } from './folder.js';
import { readRows } from './json-rows.js';
import { fileId, idOf, parseItem, targetsOf } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const row = z.object({
  questionId: fileId,
  question: z.string().min(1),
  image: z.string().min(1),
  answers: z.array(z.string()),
});

/** Items of DocVQA's `data[]`. Pictures are found by their name alone: archives name the folder differently. */
export async function* loadDocvqa(folder: string): AsyncGenerator<Loaded> {
  const [annotations = '', pictures = ''] = await locate(docvqa, folder);
  for await (const { key, value } of readRows(join(folder, annotations), {
    members: 'array',
    under: 'data',
  })) {
    const id = `${docvqa.name}/${idOf(value, 'questionId') ?? `#${key}`}`;
    yield loadedOf(id, docvqa.name, () => itemOf(id, value, pictures));
  }
}

function itemOf(id: string, value: unknown, pictures: string): Item {
  const { question, image, answers } = parseItem(row, value, id);
  return {
    id,
    benchmark: docvqa.name,
    category: null,
    question,
    picture: pictureIn(pictures, posix.basename(image)),
    options: [],
    targets: targetsOf(answers, id),
  };
}
