import { join, posix } from 'node:path';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { areaOf, type Box } from '../box.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { refcoco, SMALL_SHARE } from '../refcoco.js';
import { locate } from './folder.js';
import { readJsonLines } from './json-lines.js';
import { parseItem } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const pixels = z.number().nonnegative();
const row = z.object({
  image: z.string().min(1),
  sent: z.string().min(1),
  bbox: z.tuple([pixels, pixels, pixels, pixels]),
  width: z.number().int().positive(),
  height: z.number().int().positive(),
});

/** Items of a split's JSON lines: image, sent, bbox (corners in pixels), width, height. A line's number is its id. */
export async function* loadRefcoco(folder: string, { protocol }: Asking): AsyncGenerator<Loaded> {
  const [pictures = '', annotations = ''] = await locate(refcoco, folder, protocol);
  for await (const { line, value } of readJsonLines(join(folder, annotations))) {
    const id = `${refcoco.name}/${protocol}/${line}`;
    yield loadedOf(id, refcoco.name, () => itemOf(id, value, pictures));
  }
}

function itemOf(id: string, value: unknown, pictures: string): Item {
  const { image, sent, bbox, width, height } = parseItem(row, value, id);
  const [x1, y1, x2, y2] = bbox;
  const box: Box = [x1 / width, y1 / height, x2 / width, y2 / height];
  const area = areaOf(box);
  if (area === 0 || box.some((share) => share > 1)) {
    const what = `bbox: expected a box within ${width} x ${height}, got ${JSON.stringify(bbox)}`;
    throw new EvalError('ITEM_INVALID', what, { item: id, hint: 'compare with the published file' });
  }
  return {
    id,
    benchmark: refcoco.name,
    category: area <= SMALL_SHARE ? 'small' : 'large',
    question: sent,
    picture: pictureIn(pictures, posix.basename(image)),
    options: [],
    targets: [JSON.stringify(box)],
  };
}
