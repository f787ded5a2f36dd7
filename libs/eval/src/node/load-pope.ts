import { join } from 'node:path';
import { z } from 'zod';
import { loadedOf } from '../collect.js';
import type { Item, Loaded } from '../item.js';
import { POPE_PARTS, pope } from '../pope.js';
import { locate } from './folder.js';
import { readJsonLines } from './json-lines.js';
import { fileId, idOf, parseItem } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const row = z.object({
  question_id: fileId,
  image: z.string().min(1),
  text: z.string().min(1),
  label: z.enum(['yes', 'no']),
});

/** Items of POPE's three JSON lines files; each numbers its questions from 1. */
export async function* loadPope(folder: string): AsyncGenerator<Loaded> {
  const located = await locate(pope, folder);
  const pictures = located.at(-1) ?? '';
  for (const [i, part] of POPE_PARTS.entries()) {
    for await (const { line, value } of readJsonLines(join(folder, located[i] ?? ''))) {
      const id = `${pope.name}/${part}/${idOf(value, 'question_id') ?? `#${line}`}`;
      yield loadedOf(id, pope.name, () => itemOf(id, part, value, pictures));
    }
  }
}

function itemOf(id: string, part: string, value: unknown, pictures: string): Item {
  const { image, text, label } = parseItem(row, value, id);
  return {
    id,
    benchmark: pope.name,
    category: part,
    question: text,
    picture: pictureIn(pictures, image),
    options: [],
    targets: [label],
  };
}
