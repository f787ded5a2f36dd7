import { relative, sep } from 'node:path';
import type { PictureCell } from '../browser/sample-data.js';
import { readPicture } from './inline-picture.js';

/** Pictures beyond the room have only their header read: this many at once. */
const AT_ONCE = 8;

/** Where the pictures of the samples are, and what they may take. */
export interface PicturePlace {
  /** The file of a picture as an item names it. */
  pathOf: (image: string) => string;
  /** The folder in which the page will be opened. */
  page: string;
  /** Bytes that all pictures in the page may take as data URIs. */
  room: number;
  /** Bytes that one may have before it is reduced. */
  maxBytes: number;
}

/**
 * The pictures of a page in their order: as many as there is room for in the page itself, the others by their place on
 * this disk, relative to the page. `ranked` are their places in the order in which they get room.
 */
export async function fitPictures(
  images: readonly string[],
  ranked: readonly number[],
  { pathOf, page, room, maxBytes }: PicturePlace,
): Promise<{ pictures: PictureCell[]; referred: number }> {
  const cells = new Map<number, PictureCell>();
  let left = room;
  const begun = [...ranked];
  while (begun.length > 0) {
    const now = begun.splice(0, AT_ONCE);
    const wanted = left > 0 ? maxBytes : 0;
    const read = await Promise.all(now.map((place) => readPicture(pathOf(images[place] ?? ''), wanted)));
    for (const [i, { href, turned }] of read.entries()) {
      const place = now[i] ?? 0;
      const fits = href !== null && href.length <= left;
      // one that does not fit closes the page to all after it: which are inside must not depend on their sizes alone
      left = fits ? left - href.length : 0;
      const file = urlPath(relative(page, pathOf(images[place] ?? '')));
      cells.set(place, [fits ? href : null, file, turned ? 1 : 0]);
    }
  }
  const pictures = images.map((_, place): PictureCell => cells.get(place) ?? [null, '', 0]);
  return { pictures, referred: pictures.filter(([inline]) => inline === null).length };
}

/** A relative path as a URL: what means something in a URL is escaped. */
function urlPath(path: string): string {
  return path.split(sep).map(encodeURIComponent).join('/');
}
