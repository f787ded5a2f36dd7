import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, sep } from 'node:path';
import { linkOrCopy, sha256File, toIoError, writeFileAtomic } from '@flexattn/stage';
import pLimit from 'p-limit';
import { pictureSuffix } from '../base64.js';
import { EvalError } from '../errors.js';
import { pictureKey, type Item } from '../item.js';
import { readJsonPictures, type JsonPicture } from './json-pictures.js';

/** Files hashed at once: more do not read faster from one disk. */
const CONCURRENT_FILES = 8;

/** A picture's path for items.jsonl, and the SHA-256 of its bytes. */
export interface PlacedPicture {
  image: string;
  imageSha256: string;
}

export interface PlaceOptions {
  /** The benchmark's folder. */
  folder: string;
  /** The folder of items.jsonl. */
  out: string;
  /** Picture files below it are named from here; others are linked beside the items. */
  root?: string | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Makes every picture a file that items.jsonl can name without leaving a folder: those below the root are hashed where
 * they lie, others are linked to `<out>/images`, base64 ones are written there, named by their hash, one in memory at a
 * time. By `pictureKey`; what is wrong with a picture stands in its place.
 */
export async function placePictures(
  items: readonly Item[],
  options: PlaceOptions,
): Promise<Map<string, PlacedPicture | EvalError>> {
  const placed = new Map<string, PlacedPicture | EvalError>();
  const embedded = new Map<string, Map<string, string>>();
  const limit = pLimit(CONCURRENT_FILES);
  const pictures = new Map(items.map(({ picture }) => [pictureKey(picture), picture]));
  await Promise.all(
    [...pictures].map(async ([key, picture]) => {
      if (picture.kind === 'file') placed.set(key, await limit(() => hashPicture(picture.path, options)));
      else
        embedded.set(
          picture.file,
          (embedded.get(picture.file) ?? new Map<string, string>()).set(picture.key, key),
        );
    }),
  );
  for (const [file, keys] of embedded) {
    for (const [id, key] of keys) {
      const what = `${file} has no picture "${id}"`;
      placed.set(key, new EvalError('PICTURE_MISSING', what, { item: id, hint: 'fetch the file again' }));
    }
    for await (const picture of readJsonPictures(join(options.folder, file))) {
      options.signal?.throwIfAborted();
      const key = keys.get(picture.key);
      if (key !== undefined) placed.set(key, await writePicture(picture, options.out));
    }
  }
  return placed;
}

async function hashPicture(path: string, options: PlaceOptions): Promise<PlacedPicture | EvalError> {
  options.signal?.throwIfAborted();
  const file = join(options.folder, path);
  try {
    const { size } = await stat(file);
    if (size === 0) {
      return new EvalError('PICTURE_EMPTY', 'the picture has no bytes', {
        file: path,
        hint: 'fetch it again',
      });
    }
    const imageSha256 = await sha256File(file);
    const image = namedFromRoot(file, options) ?? `./images/${imageSha256}${extname(path)}`;
    if (image.startsWith('./')) await linkOrCopy(file, join(options.out, image));
    return { image, imageSha256 };
  } catch (cause) {
    const error = toIoError(cause, path);
    if (error.exitCode !== 2) throw error;
    const hint = 'fetch it again';
    return error.code === 'FILE_MISSING'
      ? new EvalError('PICTURE_MISSING', 'no such picture', { file: path, hint, cause })
      : new EvalError('PICTURE_UNREADABLE', 'the picture cannot be read', { file: path, hint, cause });
  }
}

async function writePicture({ bytes }: JsonPicture, out: string): Promise<PlacedPicture | EvalError> {
  if (bytes instanceof EvalError) return bytes;
  const imageSha256 = createHash('sha256').update(bytes).digest('hex');
  const image = `./images/${imageSha256}.${pictureSuffix(bytes)}`;
  await writeFileAtomic(join(out, image), bytes);
  return { image, imageSha256 };
}

/** Always with `/`; undefined for a file that is not below the root. `./` is left to pictures beside items.jsonl. */
function namedFromRoot(file: string, { root }: PlaceOptions): string | undefined {
  if (root === undefined) return undefined;
  const name = relative(root, file);
  return isAbsolute(name) || name.startsWith('..') ? undefined : name.replaceAll(sep, '/');
}
