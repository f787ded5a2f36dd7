import { dirname, join } from 'node:path';
import {
  createProgress,
  FlexattnError,
  parseJson,
  readTextLines,
  resolveInside,
  writeFileAtomic,
} from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import type { Selection } from '../geometry.js';
import { parseItem } from '../items.js';
import type { Answer, InferItem } from '../items.js';
import { RecentCache } from '../recent.js';
import { readImage } from './image.js';
import type { EncodedImage } from './image.js';
import { loadModel } from './model.js';
import type { FlexAttentionModel } from './model.js';
import { stopIfAborted } from './stop.js';

export interface InferOptions {
  /** Compiled folder or checkpoint. */
  model: string;
  /** Path of a JSON-lines file, or the items themselves. */
  items: string | AsyncIterable<InferItem>;
  /** File of the answers, JSON lines. */
  out: string;
  /**
   * Folder that image paths start from, and may not leave; default: the folder of the items' file, from which a path
   * that begins with `./` starts in any case.
   */
  root?: string | undefined;
  selection?: Selection | undefined;
  /** Threads of one run; default: one per core. */
  threads?: number | undefined;
  /** Items in all, for the progress line. */
  total?: number | undefined;
  /** Told each answer, and the milliseconds that the model took, before the next item is asked. */
  onAnswer?: ((answer: Answer, ms: number) => Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  quiet?: boolean | undefined;
}

/** How many items were answered, and what went wrong with the others, by error code. */
export interface InferReport {
  items: number;
  answered: number;
  failed: Record<string, number>;
}

/** Pictures that are read and decoded ahead, while the model is busy with an earlier one. */
const AHEAD = 4;

/**
 * Answers items one after another and writes one line for each, in their order. An item that cannot be answered gets
 * its error instead; whoever reads the report decides what that means.
 *
 * @throws RuntimeError BAD_ITEM for items that are none; whatever `loadModel` throws; INTERRUPTED. `out` is complete
 * or untouched.
 */
export async function inferItems(options: InferOptions): Promise<InferReport> {
  const { items, out, signal, quiet, total } = options;
  const base = typeof items === 'string' ? dirname(items) : '.';
  const roots = { base, root: options.root ?? base };
  const report: InferReport = { items: 0, answered: 0, failed: {} };
  const model = await loadModel(options.model, options);
  const progress = createProgress({ label: 'infer', unit: 'items', total, quiet });
  const lines = async function* () {
    const source = typeof items === 'string' ? readItems(items) : items;
    for await (const { item, image } of withPictures(source, roots)) {
      stopIfAborted(signal);
      const start = performance.now();
      const answer = await answerItem(model, item, image, signal);
      const ms = performance.now() - start;
      report.items++;
      if ('error' in answer) report.failed[answer.error.code] = (report.failed[answer.error.code] ?? 0) + 1;
      else report.answered++;
      await options.onAnswer?.(answer, ms);
      progress.advance(1);
      yield `${JSON.stringify(answer)}\n`;
    }
  };
  try {
    await writeFileAtomic(out, lines());
  } finally {
    await model.release();
  }
  progress.finish();
  return report;
}

/** Where pictures are: beside the items' file (`./`), or below a root. */
interface PictureRoots {
  base: string;
  root: string;
}

/** A picture, or why there is none. */
type Picture = { image: EncodedImage } | { error: unknown };

async function answerItem(
  model: FlexAttentionModel,
  item: InferItem,
  picture: Picture,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    if ('error' in picture) throw picture.error;
    const { image } = picture;
    checkContent(item, image);
    const { id, prompt } = item;
    if ('options' in item) {
      const { options, endToken } = item;
      return { id, ...(await model.scoreOptions({ image, prompt, options, endToken })) };
    }
    const { maxNewTokens, stretch = false } = item;
    const shown = stretch ? image.stretched() : image;
    return { id, ...(await model.generate({ image: shown, prompt, maxNewTokens, signal })) };
  } catch (error) {
    // What the user can mend in the item is an answer; a bug, a full disk or a signal ends the run.
    if (!isUserMistake(error)) throw error;
    return { id: item.id, error: { code: error.code, message: error.message } };
  }
}

function isUserMistake(error: unknown): error is FlexattnError {
  return error instanceof FlexattnError && error.exitCode === 2;
}

function checkContent(item: InferItem, { sha256 }: EncodedImage): void {
  if (item.imageSha256 === undefined || item.imageSha256 === sha256) return;
  const what = `expected sha256 ${item.imageSha256}, got ${sha256}`;
  throw new RuntimeError('IMAGE_CHANGED', what, { file: item.image, hint: 'write the items again' });
}

/** Items with their pictures, in order; the next few are read meanwhile, and a picture that recurs only once. */
async function* withPictures(
  items: AsyncIterable<InferItem>,
  roots: PictureRoots,
): AsyncGenerator<{ item: InferItem; image: Picture }> {
  const recent = new RecentCache<Picture>(2 * AHEAD);
  const waiting: { item: InferItem; image: Promise<Picture> }[] = [];
  for await (const item of items) {
    waiting.push({ item, image: recent.get(item.image, () => readPicture(roots, item.image)) });
    const next = waiting.length > AHEAD ? waiting.shift() : undefined;
    if (next !== undefined) yield { item: next.item, image: await next.image };
  }
  for (const { item, image } of waiting) yield { item, image: await image };
}

async function readPicture({ base, root }: PictureRoots, path: string): Promise<Picture> {
  try {
    // Checked against no root, so that the message, which goes into the answers, names none.
    const folder = path.startsWith('./') ? base : root;
    const image = await readImage(join(folder, resolveInside('.', path)), path);
    await image.raster();
    return { image };
  } catch (error) {
    return { error };
  }
}

async function* readItems(file: string): AsyncGenerator<InferItem> {
  for await (const { line, text } of readTextLines(file))
    yield parseItem(parseJson(text, { file }), { file, item: `line ${line}` });
}
