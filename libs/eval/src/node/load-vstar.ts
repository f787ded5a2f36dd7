import { readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { StageError, parseJson, toIoError } from '@flexattn/stage';
import { z } from 'zod';
import type { Asking } from '../benchmark.js';
import { lettersOf, MAX_LETTERS } from '../choices.js';
import { loadedOf } from '../collect.js';
import { EvalError } from '../errors.js';
import type { Item, Loaded } from '../item.js';
import { shuffled } from '../shuffle.js';
import { VSTAR_LETTERS, VSTAR_PARTS, vstar } from '../vstar.js';
import { locate, namesIn } from './folder.js';
import { parseItem } from './parse-item.js';

/** Suffixes of pictures in the order in which the published loader tries them. */
const SUFFIXES = ['jpg', 'JPG', 'webp', 'png', 'jpeg'];

const questionFile = z.object({ question: z.string().min(1), options: z.array(z.string()) });

/** Items of V*: a JSON file each, beside a picture of the same stem; by part, then by name. */
export async function* loadVstar(folder: string, asking: Asking): AsyncGenerator<Loaded> {
  const prefix = await locate(vstar.name, folder, vstar.published);
  for (const part of VSTAR_PARTS) {
    const names = await namesIn(join(folder, prefix, part));
    const known = new Set(names);
    for (const name of names.filter((one) => one.endsWith('.json'))) {
      const stem = name.slice(0, -'.json'.length);
      const id = `${vstar.name}/${part}/${stem}`;
      const text = await readText(join(folder, prefix, part, name));
      const picture = SUFFIXES.map((suffix) => `${stem}.${suffix}`).find((file) => known.has(file));
      yield loadedOf(id, vstar.name, () => {
        const path = picture && posix.join(prefix, part, picture);
        return lettered(itemOf(id, part, parseText(text, id), path), asking);
      });
    }
  }
}

function itemOf(id: string, part: string, value: unknown, path: string | undefined): Item {
  const { question, options } = parseItem(questionFile, value, id);
  const [right] = options;
  if (right === undefined || options.length < 2) {
    throw new EvalError('NO_OPTIONS', `expected at least 2 options, got ${options.length}`, {
      item: id,
      hint: 'compare with the published file',
    });
  }
  if (options.some((option) => option.trim() === '')) {
    throw new EvalError('EMPTY_OPTION', 'an option has no text, so it has no loss', {
      item: id,
      hint: 'compare with the published file',
    });
  }
  if (new Set(options).size < options.length) {
    throw new EvalError('EQUAL_OPTIONS', 'two options are equal, so no loss can tell them apart', {
      item: id,
      hint: 'compare with the published file',
    });
  }
  if (path === undefined) {
    throw new EvalError('PICTURE_MISSING', `no picture beside it (${SUFFIXES.join(', ')})`, {
      item: id,
      hint: `get it from ${vstar.published.source}`,
    });
  }
  const picture = { kind: 'file', path } as const;
  return { id, benchmark: vstar.name, category: part, question, picture, options, targets: [right] };
}

/** The item as `letters` asks it: options in the order that the seed decides, the right one's letter as the target. */
function lettered(item: Item, { protocol, shuffleSeed }: Asking): Item {
  if (protocol !== VSTAR_LETTERS) return item;
  const { id, options: given, targets } = item;
  if (given.length > MAX_LETTERS) {
    const what = `expected at most ${MAX_LETTERS} options, one for each letter, got ${given.length}`;
    throw new EvalError('ITEM_INVALID', what, { item: id, hint: 'choose another protocol' });
  }
  const options = shuffleSeed === null ? given : shuffled(given, shuffleSeed, id);
  const letter = lettersOf(options).find((_, i) => options[i] === targets[0]);
  return { ...item, options, targets: letter === undefined ? [] : [letter] };
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
