import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { StageError, parseJson, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { letterOptions, rightOption } from '../options.js';
import { VSTAR_LETTERS, VSTAR_PARTS, vstar } from '../vstar.js';
import { locate, namesIn } from './folder.js';
import { parseItem } from './parse-item.js';

/** Suffixes of pictures in the order in which the published loader tries them. */
const SUFFIXES = ['jpg', 'JPG', 'webp', 'png', 'jpeg'];

const questionFile = z.object({ question: z.string().min(1), options: z.array(z.string()) });

/** Items of V*: a JSON file each, beside a picture of the same stem; by part, then by name. */
export async function* loadVstar(folder: string, asking: Asking): AsyncGenerator<Loaded> {
  const located = await locate(vstar, folder);
  for (const [i, part] of VSTAR_PARTS.entries()) {
    const below = located[i] ?? part;
    const names = await namesIn(join(folder, below));
    const known = new Set(names);
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      const stem = name.slice(0, -'.json'.length);
      const id = `${vstar.name}/${part}/${stem}`;
      const text = await readText(join(folder, below, name));
      const picture = SUFFIXES.map((suffix) => `${stem}.${suffix}`).find((file) => known.has(file));
      yield loadedOf(id, vstar.name, () => {
        const path = picture && posix.join(below, picture);
        return lettered(itemOf(id, part, parseText(text, id), path), asking);
      });
    }
  }
}

function itemOf(id: string, part: string, value: unknown, path: string | undefined): Item {
  const { question, options } = parseItem(questionFile, value, id);
  const right = rightOption(options, id);
  if (path === undefined) {
    throw new EvalError('PICTURE_MISSING', `no picture beside it (${SUFFIXES.join(', ')})`, {
      item: id,
      hint: `get it from ${vstar.published.source}`,
    });
  }
  const picture = { kind: 'file', path } as const;
  return { id, benchmark: vstar.name, category: part, question, picture, options, targets: [right] };
}

/** The item as `letters` asks it: options in the order that the seed decides. */
function lettered(item: Item, { protocol, shuffleSeed }: Asking): Item {
  if (protocol !== VSTAR_LETTERS) return item;
  return { ...item, options: letterOptions(item.options, shuffleSeed, item.id) };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw toIoError(cause, file);
  }
}

function parseText(text: string, id: string): unknown {
  try {
    return parseJson(text);
  } catch (cause) {
    if (!(cause instanceof StageError)) throw cause;
    throw new EvalError('NOT_JSON', cause.message, { item: id, hint: 'fetch the file again', cause });
  }
}
