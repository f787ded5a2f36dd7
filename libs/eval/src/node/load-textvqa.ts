import { join, posix } from 'node:path';
import { resolveInside } from '@flexattn/stage';
import { z } from 'zod';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { textvqa } from '../textvqa.js';
import { locate } from './folder.js';
import { readRows } from './json-rows.js';
import { fileId, parseItem } from './parse-item.js';

const [ANNOTATIONS = '', PICTURES = ''] = textvqa.published.files;

const questionRow = z.object({
  question_id: fileId,
  question: z.string().min(1),
  image_id: fileId,
  answers: z.array(z.string()),
});

/** Items of TextVQA's `data[]`; numbers and strings are the same as ids. */
export async function* loadTextvqa(folder: string): AsyncGenerator<Loaded> {
  const prefix = await locate(textvqa.name, folder, textvqa.published);
  const file = join(folder, prefix, ANNOTATIONS);
  for await (const { key, value } of readRows(file, { members: 'array', under: 'data' })) {
    const id = `${textvqa.name}/${idIn(value) ?? `#${key}`}`;
    yield loadedOf(id, textvqa.name, () => itemOf(id, value, prefix));
  }
}

function itemOf(id: string, value: unknown, prefix: string): Item {
  const row = parseItem(questionRow, value, id);
  if (row.answers.length === 0) {
    throw new EvalError('NO_ANSWERS', 'expected the answers of the annotators, got none', {
      item: id,
      hint: 'use the validation file: the test file has no answers',
    });
  }
  const path = resolveInside(posix.join(prefix, PICTURES), `${row.image_id}.jpg`);
  return {
    id,
    benchmark: textvqa.name,
    category: null,
    question: row.question,
    picture: { kind: 'file', path },
    options: [],
    targets: row.answers,
  };
}

function idIn(value: unknown): string | undefined {
  return z.object({ question_id: fileId }).safeParse(value).data?.question_id;
}
