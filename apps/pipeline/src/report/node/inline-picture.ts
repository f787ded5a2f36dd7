import { readFile } from 'node:fs/promises';
import { StageError, toIoError } from '@flexattn/stage';
import sharp from 'sharp';
import type { InlinePicture } from '../sample-section.js';

/** Formats that every browser shows. */
const SHOWN_BY_BROWSERS = new Set<string>(['png', 'jpeg', 'gif', 'webp']);

/** Longest sides that a picture is reduced to, pixels, until it is small enough; a card of the page is 350 wide. */
const SIDES = [1008, 672, 448, 320, 224, 160, 96] as const;

/**
 * A picture for the page with the size that the model saw: its own bytes where there are at most `maxBytes`, else
 * reduced to a JPEG of at most so many (or the smallest one). The orientation tag is not applied, as the model does
 * not apply it either; a picture that has one is encoded again without. Not a picture: `BAD_CONTENT`.
 */
export async function inlinePicture(file: string, maxBytes: number): Promise<InlinePicture> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw toIoError(cause, file);
  });
  try {
    const { format, width, height, orientation = 1 } = await sharp(bytes).metadata();
    const asItIs = bytes.length <= maxBytes && orientation === 1 && SHOWN_BY_BROWSERS.has(format);
    const href = asItIs ? dataUri(format, bytes) : dataUri('jpeg', await reduced(bytes, maxBytes));
    return { href, width, height };
  } catch (cause) {
    throw new StageError('BAD_CONTENT', 'expected a picture, got bytes that do not decode', {
      file,
      hint: 'fetch it again',
      cause,
    });
  }
}

async function reduced(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  let smallest: Uint8Array = bytes;
  for (const side of SIDES) {
    smallest = await sharp(bytes)
      .resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true })
      .removeAlpha()
      .jpeg({ quality: 82 })
      .toBuffer();
    if (smallest.length <= maxBytes) break;
  }
  return smallest;
}

function dataUri(format: string, bytes: Uint8Array): string {
  return `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`;
}
