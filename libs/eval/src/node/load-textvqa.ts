import { join } from 'node:path';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { textvqa } from '../textvqa.js';
import { locate } from './folder.js';
import { readPublishedPrompts, type PublishedPrompts } from './published-prompts.js';
import { readRows } from './json-rows.js';
import { fileId, idOf, parseItem, targetsOf } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const questionRow = z.object({
  question_id: fileId,
  question: z.string().min(1),
  image_id: fileId,
  answers: z.array(z.string()),
});

/** Items of TextVQA's `data[]`; numbers and strings are the same as ids. */
export async function* loadTextvqa(folder: string, { protocol }: Asking): AsyncGenerator<Loaded> {
  const [annotations = '', pictures = '', questions] = await locate(textvqa, folder, protocol);
  const prompts = questions === undefined ? undefined : await readPublishedPrompts(join(folder, questions));
  const file = join(folder, annotations);
  for await (const { key, value } of readRows(file, { members: 'array', under: 'data' })) {
    const id = `${textvqa.name}/${idOf(value, 'question_id') ?? `#${key}`}`;
    yield loadedOf(id, textvqa.name, () => itemOf(id, value, pictures, prompts));
  }
}

function itemOf(id: string, value: unknown, pictures: string, prompts: PublishedPrompts | undefined): Item {
  const row = parseItem(questionRow, value, id);
  return {
    id,
    benchmark: textvqa.name,
    category: null,
    question: row.question,
    ...(prompts === undefined ? {} : { publishedPrompt: promptOf(id, prompts, row) }),
    picture: pictureIn(pictures, `${row.image_id}.jpg`),
    options: [],
    targets: targetsOf(row.answers, id),
  };
}

function promptOf(id: string, prompts: PublishedPrompts, row: z.output<typeof questionRow>): string {
  const found = prompts({ questionId: row.question_id, imageId: row.image_id, question: row.question });
  if (found !== undefined) return found;
  throw new EvalError('PROMPT_MISSING', 'the question file has no line for this question', {
    item: id,
    hint: 'take both files of the same version (0.5.1)',
  });
}
