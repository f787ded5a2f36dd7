import { join } from 'node:path';
import { z } from 'zod';
import { CHARTQA_PARTS, chartqa } from '../chartqa.js';
import { loadedOf } from '../collect.js';
import type { Item, Loaded } from '../item.js';
import { locate } from './folder.js';
import { readRows } from './json-rows.js';
import { parseItem } from './parse-item.js';
import { pictureIn } from './picture-path.js';

const row = z.object({
  imgname: z.string().min(1),
  query: z.string().min(1),
  label: z.union([z.string().min(1), z.number().transform(String)]),
});

/** Items of ChartQA's two files, each an array; the files have no ids, so the place in them is the id. */
export async function* loadChartqa(folder: string): AsyncGenerator<Loaded> {
  const located = await locate(chartqa, folder);
  const pictures = located.at(-1) ?? '';
  for (const [i, part] of Object.keys(CHARTQA_PARTS).entries()) {
    for await (const { key, value } of readRows(join(folder, located[i] ?? ''), { members: 'array' })) {
      const id = `${chartqa.name}/${part}/${key}`;
      yield loadedOf(id, chartqa.name, () => itemOf(id, part, value, pictures));
    }
  }
}

function itemOf(id: string, part: string, value: unknown, pictures: string): Item {
  const { imgname, query, label } = parseItem(row, value, id);
  return {
    id,
    benchmark: chartqa.name,
    category: part,
    question: query,
    picture: pictureIn(pictures, imgname),
    options: [],
    targets: [label],
  };
}
