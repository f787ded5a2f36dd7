import { join, posix } from 'node:path';
import { resolveInside } from '@flexattn/stage';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { textvqa } from '../textvqa.js';
import { locate } from './folder.js';
import { readPublishedPrompts, type PublishedPrompts } from './published-prompts.js';
import { readRows } from './json-rows.js';
import { fileId, parseItem } from './parse-item.js';

const [ANNOTATIONS = '', PICTURES = ''] = textvqa.published.files;
const [OCR_PROMPTS = ''] = textvqa.published.protocolFiles.ocr.files;

const questionRow = z.object({
  question_id: fileId,
  question: z.string().min(1),
  image_id: fileId,
  answers: z.array(z.string()),
});

/** Items of TextVQA's `data[]`; numbers and strings are the same as ids. */
export async function* loadTextvqa(folder: string, { protocol }: Asking): AsyncGenerator<Loaded> {
  const prefix = await locate(textvqa.name, folder, textvqa.published, protocol);
  const prompts =
    protocol === 'ocr' ? await readPublishedPrompts(join(folder, prefix, OCR_PROMPTS)) : undefined;
  const file = join(folder, prefix, ANNOTATIONS);
  for await (const { key, value } of readRows(file, { members: 'array', under: 'data' })) {
    const id = `${textvqa.name}/${idIn(value) ?? `#${key}`}`;
    yield loadedOf(id, textvqa.name, () => itemOf(id, value, prefix, prompts));
  }
}

function itemOf(id: string, value: unknown, prefix: string, prompts: PublishedPrompts | undefined): Item {
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
    ...(prompts === undefined ? {} : { publishedPrompt: promptOf(id, prompts, row) }),
    picture: { kind: 'file', path },
    options: [],
    targets: row.answers,
  };
}

function promptOf(id: string, prompts: PublishedPrompts, row: z.output<typeof questionRow>): string {
  const found = prompts({ questionId: row.question_id, imageId: row.image_id, question: row.question });
  if (found !== undefined) return found;
  throw new EvalError('PROMPT_MISSING', `${OCR_PROMPTS} has no line for this question`, {
    item: id,
    hint: 'take both files of the same version (0.5.1)',
  });
}

function idIn(value: unknown): string | undefined {
  return z.object({ question_id: fileId }).safeParse(value).data?.question_id;
}
