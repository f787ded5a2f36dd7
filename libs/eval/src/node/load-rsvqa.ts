import { join } from 'node:path';
import { z } from 'zod';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { RSVQA_TYPES, rsvqa } from '../rsvqa.js';
import { locate, namesIn } from './folder.js';
import { readRows } from './json-rows.js';
import { fileId, idOf, parseItem } from './parse-item.js';
import { pictureIn } from './picture-path.js';

/** Suffixes of pictures: as published, and as they are often converted. */
const SUFFIXES = ['tif', 'png'];

const questionRow = z.object({
  id: fileId,
  img_id: fileId,
  type: z.enum(RSVQA_TYPES),
  question: z.string().min(1),
});
const answerRow = z.object({ active: z.literal(true), question_id: fileId, answer: z.string() });

/** Presence and comparison questions of RSVQA HR's test set 2, joined with their answers by question id. */
export async function* loadRsvqa(folder: string): AsyncGenerator<Loaded> {
  const [questions = '', answers = '', pictures = ''] = await locate(rsvqa, folder);
  const known = new Set(await namesIn(join(folder, pictures)));
  const answerOf = await readAnswers(join(folder, answers));
  for await (const { key, value } of readRows(join(folder, questions), {
    members: 'array',
    under: 'questions',
  })) {
    if (isOtherQuestion(value)) continue;
    const id = `${rsvqa.name}/${idOf(value, 'id') ?? `#${key}`}`;
    yield loadedOf(id, rsvqa.name, () => itemOf(id, value, answerOf, pictures, known));
  }
}

/** Inactive, or of a type that is not asked; what is neither is a row that should have been asked. */
function isOtherQuestion(value: unknown): boolean {
  const row = z.object({ active: z.boolean(), type: z.string().optional() }).safeParse(value).data;
  return (
    row !== undefined &&
    (!row.active || (row.type !== undefined && !RSVQA_TYPES.some((one) => one === row.type)))
  );
}

async function readAnswers(file: string): Promise<Map<string, string>> {
  const answers = new Map<string, string>();
  for await (const { value } of readRows(file, { members: 'array', under: 'answers' })) {
    const row = answerRow.safeParse(value).data;
    if (row !== undefined) answers.set(row.question_id, row.answer);
  }
  return answers;
}

function itemOf(
  id: string,
  value: unknown,
  answers: ReadonlyMap<string, string>,
  pictures: string,
  known: ReadonlySet<string>,
): Item {
  const { id: own, img_id: imageId, type, question } = parseItem(questionRow, value, id);
  const answer = answers.get(own)?.trim().toLowerCase();
  if (answer === undefined) {
    const hint = 'take both files of the same version';
    throw new EvalError('NO_ANSWERS', 'the answers file has no active answer to it', { item: id, hint });
  }
  if (answer !== 'yes' && answer !== 'no') {
    const hint = 'compare with the published file';
    throw new EvalError('ITEM_INVALID', `answer: expected yes or no, got ${JSON.stringify(answer)}`, {
      item: id,
      hint,
    });
  }
  const suffix = SUFFIXES.find((one) => known.has(`${imageId}.${one}`)) ?? 'tif';
  return {
    id,
    benchmark: rsvqa.name,
    category: type,
    question,
    picture: pictureIn(pictures, `${imageId}.${suffix}`),
    options: [],
    targets: [answer],
  };
}
