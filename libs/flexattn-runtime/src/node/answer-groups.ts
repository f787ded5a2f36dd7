import { join } from 'node:path';
import { FlexattnError, resolveInside } from '@flexattn/stage';
import { RuntimeError } from '../error.js';
import type { Answer, InferItem } from '../items.js';
import type { PictureGroup } from '../work-queue.js';
import { readImage } from './image.js';
import type { EncodedImage } from './image.js';
import type { LocalModel } from './local-model.js';
import { stopIfAborted } from './stop.js';

/** Where pictures are: beside the items' file (`./`), or below a root. */
export interface PictureRoots {
  base: string;
  root: string;
}

/** Where groups come from and answers go. */
export interface Exchange {
  /** The next group; undefined at the end. Asked for while the one before is worked on. */
  next(): Promise<PictureGroup | undefined>;
  /** Called when nothing is left to do until `next` resolves. */
  idle(): void;
  /** ms: what the model took for it. */
  answered(index: number, answer: Answer, ms: number): void | Promise<void>;
}

/** A picture, or why there is none. */
type Picture = { image: EncodedImage } | { error: unknown };

/**
 * Answers groups until there are no more. The next picture is read and decoded while the model is busy with the one
 * before. An item that cannot be answered gets its error instead.
 *
 * @throws what no item is to blame for
 */
export async function answerGroups(
  model: LocalModel,
  roots: PictureRoots,
  exchange: Exchange,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fetch = async () => {
    const group = await exchange.next();
    return group && { group, picture: readPicture(roots, group.image) };
  };
  let ahead = fetch();
  for (;;) {
    exchange.idle();
    const current = await ahead;
    if (current === undefined) return;
    ahead = fetch();
    // Where the group fails, nobody waits for the next one any more.
    ahead.catch(() => undefined);
    const picture = await current.picture;
    for (const { index, item } of current.group.items) {
      stopIfAborted(signal);
      const begin = performance.now();
      const answer = await answerItem(model, item, picture, signal);
      await exchange.answered(index, answer, performance.now() - begin);
    }
  }
}

async function answerItem(
  model: LocalModel,
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
      return { id, ...(await model.scoreOptions({ image, prompt, options, endToken, signal })) };
    }
    const { maxNewTokens, stretch = false } = item;
    const seen = stretch ? image.stretched() : image;
    return { id, ...(await model.generate({ image: seen, prompt, maxNewTokens, signal })) };
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
