import { join } from 'node:path';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { LETTERS } from '../choices.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { magnifier, MAGNIFIER_FREEFORM, optionText } from '../magnifier.js';
import { locate } from './folder.js';
import { readRows } from './json-rows.js';
import { fileId, parseItem } from './parse-item.js';

const instructionRow = z.object({
  instruction: z.string().min(1),
  answer: z.enum(LETTERS),
  image_ids: z.array(fileId),
});

/** Items of MagnifierBench's `data{}`. Pictures stay where they are: base64 text under an id of the other file. */
export async function* loadMagnifier(folder: string, { protocol }: Asking): AsyncGenerator<Loaded> {
  const [instructions = '', pictures = ''] = await locate(magnifier, folder);
  const file = join(folder, instructions);
  for await (const { key, value } of readRows(file, { members: 'object', under: 'data' })) {
    const id = `${magnifier.name}/${key}`;
    yield loadedOf(id, magnifier.name, () => itemOf(id, value, pictures, protocol));
  }
}

function itemOf(id: string, value: unknown, pictures: string, protocol: string): Item {
  const { instruction, answer, image_ids: imageIds } = parseItem(instructionRow, value, id);
  const [key] = imageIds;
  if (key === undefined) {
    throw new EvalError('PICTURE_MISSING', 'image_ids is empty', {
      item: id,
      hint: 'compare with the published file',
    });
  }
  const target = protocol === MAGNIFIER_FREEFORM ? optionText(instruction, answer) : answer;
  if (target === undefined) {
    throw new EvalError('NO_OPTIONS', `the right option, ${answer}, has no text`, {
      item: id,
      hint: 'compare with the published file',
    });
  }
  return {
    id,
    benchmark: magnifier.name,
    category: null,
    question: instruction,
    picture: { kind: 'base64', file: pictures, key },
    options: [],
    targets: [target],
  };
}
